// What an optimiser is made of: its kind and options, which stay, and the scalars, which may be others at each
// step.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "kernels/update.h"

namespace fastdnn {

struct OptimizerConfig {
  enum class Kind : std::uint8_t { sgd, adagrad, adadelta, rmsprop, adam, nadam, amsgrad, lion };
  Kind kind = Kind::sgd;
  bool velocity = false;                            // sgd, rmsprop: keeps one, which `momentum` weighs
  bool nesterov = false;                            // sgd with velocity
  MomentumForm form = MomentumForm::sum;            // of the velocity
  bool centered = false;                            // rmsprop
  bool bias_correction = true;                      // adam, amsgrad; sgd in the form ewma
  EpsilonMode epsilon_mode = EpsilonMode::outside;  // adagrad, rmsprop, adam, nadam, amsgrad
  bool coupled_decay = false;                       // weight_decay goes into the gradient, as L2
  double initial_accumulator = 0;                   // adagrad: what its sum begins with
};

// The numbers of one step; kernels/update.h says what they do. Those that a kind does not have stay as here.
struct StepScalars {
  double learning_rate = 0;
  double weight_decay = 0;
  double clipvalue = std::numeric_limits<double>::infinity();        // of each element of the gradient
  double clipnorm = std::numeric_limits<double>::infinity();         // of each weight's gradient
  double global_clipnorm = std::numeric_limits<double>::infinity();  // of the whole gradient
  double momentum = 0;
  double rho = 0;
  double beta_1 = 0;
  double beta_2 = 0;
  double momentum_decay = 0;
  double epsilon = 1;
};

// A column of the table of scalars that a run is given.
struct ScalarColumn {
  enum class Allowed : std::uint8_t { not_negative, below_one, epsilon, limit };
  const char* name;
  double StepScalars::* member;
  Allowed range;
};

// What all kinds have, then the kind's own.
std::vector<ScalarColumn> scalar_columns(OptimizerConfig::Kind kind);

// One row of a table; a number out of its range is an InputError, and so are two ways of clipping.
StepScalars scalars_of(const std::vector<ScalarColumn>& columns, const double* row);

// The names of the state vectors, as in the papers: "velocity"; "m", "v".
std::vector<std::string> slot_names(const OptimizerConfig& config);

// What is multiplied up over the steps, and corrects averages for their start at 0: of the scalars with these
// names, and "mu" of NAdam's momentum.
std::vector<std::string> product_names(const OptimizerConfig& config);

// Options that belong to another kind are InputErrors.
void check_config(const OptimizerConfig& config);

}  // namespace fastdnn
