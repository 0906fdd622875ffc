// An optimiser: its state beside theta, and the update of one step.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/team.h"
#include "engine/parameters.h"

namespace fastdnn {

struct OptimizerConfig {
  enum class Kind : std::uint8_t { sgd, adam };
  Kind kind = Kind::sgd;
  double momentum = 0;  // sgd
  bool nesterov = false;
  double beta_1 = 0.9;  // adam
  double beta_2 = 0.999;
  double epsilon = 1e-8;
};

class Optimizer {
 public:
  Optimizer(const OptimizerConfig& config, std::shared_ptr<Parameters> parameters);

  const Parameters& parameters() const { return *parameters_; }

  // Names of the state vectors, as in the papers: "velocity"; "m", "v".
  const std::vector<std::string>& slot_names() const { return slot_names_; }
  // The state of one segment.
  std::byte* slot(const std::string& name, const Segment& segment) const;
  std::int64_t iterations() const { return iterations_; }
  void set_iterations(std::int64_t t);

  // The team's: writes the given segments of theta from the gradient. The caller holds the parameters' lock,
  // and calls count_step after all threads are through.
  void update(Team& team, const std::byte* gradient, const std::vector<int>& segments,
              double learning_rate) const;
  void count_step() { ++iterations_; }

 private:
  template <class T>
  void update_range(T* theta, const T* gradient, Range range, double learning_rate) const;

  OptimizerConfig config_;
  std::shared_ptr<Parameters> parameters_;
  std::vector<std::string> slot_names_;
  std::vector<StaggeredBuffer> slots_;  // laid out like theta
  std::int64_t iterations_ = 0;         // steps done
};

}  // namespace fastdnn
