#include "engine/optimizer_config.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/check.h"

namespace fastdnn {
namespace {

using Kind = OptimizerConfig::Kind;
using Allowed = ScalarColumn::Allowed;

// Comparisons that NaN fails.
bool in_range(Allowed range, double x) {
  switch (range) {
    case Allowed::not_negative:
      return x >= 0 && std::isfinite(x);
    case Allowed::below_one:
      return x >= 0 && x < 1;
    case Allowed::epsilon:
      return x > 0 && x <= 1;
    case Allowed::limit:
      return x > 0;
  }
  return false;
}

const char* text_of(Allowed range) {
  switch (range) {
    case Allowed::not_negative:
      return "a finite number >= 0";
    case Allowed::below_one:
      return "0 <= x < 1";
    case Allowed::epsilon:
      return "0 < x <= 1";
    case Allowed::limit:
      return "a number > 0";
  }
  return "";
}

bool is_adam(Kind kind) {
  return kind == Kind::adam || kind == Kind::nadam || kind == Kind::amsgrad;
}

}  // namespace

std::vector<ScalarColumn> scalar_columns(Kind kind) {
  using S = StepScalars;
  std::vector<ScalarColumn> columns = {{"learning_rate", &S::learning_rate, Allowed::not_negative},
                                       {"weight_decay", &S::weight_decay, Allowed::not_negative},
                                       {"clipvalue", &S::clipvalue, Allowed::limit},
                                       {"clipnorm", &S::clipnorm, Allowed::limit},
                                       {"global_clipnorm", &S::global_clipnorm, Allowed::limit}};
  const auto add = [&](const char* name, double S::* member, Allowed range) {
    columns.push_back({name, member, range});
  };
  if (kind == Kind::sgd || kind == Kind::rmsprop) add("momentum", &S::momentum, Allowed::below_one);
  if (kind == Kind::adadelta || kind == Kind::rmsprop) add("rho", &S::rho, Allowed::below_one);
  if (is_adam(kind) || kind == Kind::lion) {
    add("beta_1", &S::beta_1, Allowed::below_one);
    add("beta_2", &S::beta_2, Allowed::below_one);
  }
  if (kind == Kind::nadam) add("momentum_decay", &S::momentum_decay, Allowed::not_negative);
  if (kind != Kind::sgd && kind != Kind::lion) add("epsilon", &S::epsilon, Allowed::epsilon);
  return columns;
}

StepScalars scalars_of(const std::vector<ScalarColumn>& columns, const double* row) {
  StepScalars scalars;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    check(in_range(columns[i].range, row[i]), "Optimizer", "expected ", columns[i].name, " as ",
          text_of(columns[i].range), ", got ", row[i]);
    scalars.*columns[i].member = row[i];
  }
  const double limits[] = {scalars.clipvalue, scalars.clipnorm, scalars.global_clipnorm};
  check(std::count_if(std::begin(limits), std::end(limits), [](double x) { return std::isfinite(x); }) <= 1,
        "Optimizer", "expected one of clipvalue, clipnorm and global_clipnorm, got several");
  return scalars;
}

std::vector<std::string> slot_names(const OptimizerConfig& config) {
  std::vector<std::string> names;
  switch (config.kind) {
    case Kind::sgd:
      break;
    case Kind::adagrad:
      names = {"s"};
      break;
    case Kind::adadelta:
      names = {"s", "d"};
      break;
    case Kind::rmsprop:
      names = {"s"};
      if (config.centered) names.emplace_back("average");
      break;
    case Kind::adam:
    case Kind::nadam:
      names = {"m", "v"};
      break;
    case Kind::amsgrad:
      names = {"m", "v", "v_max"};
      break;
    case Kind::lion:
      names = {"m"};
      break;
  }
  if (config.velocity) names.emplace_back("velocity");
  return names;
}

std::vector<std::string> product_names(const OptimizerConfig& config) {
  if (config.kind == Kind::nadam) return {"mu", "beta_2"};
  if (!config.bias_correction) return {};
  if (config.kind == Kind::adam || config.kind == Kind::amsgrad) return {"beta_1", "beta_2"};
  if (config.kind == Kind::sgd && config.form == MomentumForm::ewma) return {"momentum"};
  return {};
}

void check_config(const OptimizerConfig& c) {
  const char* where = "Optimizer";
  check(!c.velocity || c.kind == Kind::sgd || c.kind == Kind::rmsprop, where,
        "expected a velocity of sgd or rmsprop only");
  check(!c.nesterov || (c.kind == Kind::sgd && c.velocity), where,
        "expected nesterov of sgd with velocity only");
  check(!c.centered || c.kind == Kind::rmsprop, where, "expected centered of rmsprop only");
  check(c.kind != Kind::rmsprop || c.form != MomentumForm::ewma, where,
        "expected rmsprop's velocity in the form 'sum' or 'keras', got 'ewma'");
  check(c.initial_accumulator >= 0 && std::isfinite(c.initial_accumulator), where,
        "expected a finite initial_accumulator >= 0, got ", c.initial_accumulator);
}

}  // namespace fastdnn
