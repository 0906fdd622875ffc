#include "engine/optimizer.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/update.h"

namespace fastdnn {
namespace {

void check_config(const OptimizerConfig& c) {
  // Comparisons that NaN fails.
  check(c.momentum >= 0 && c.momentum < 1, "SGD", "expected 0 <= momentum < 1, got ", c.momentum);
  check(c.beta_1 >= 0 && c.beta_1 < 1, "Adam", "expected 0 <= beta_1 < 1, got ", c.beta_1);
  check(c.beta_2 >= 0 && c.beta_2 < 1, "Adam", "expected 0 <= beta_2 < 1, got ", c.beta_2);
  check(c.epsilon > 0 && c.epsilon <= 1, "Adam", "expected 0 < epsilon <= 1, got ", c.epsilon);
}

}  // namespace

Optimizer::Optimizer(const OptimizerConfig& config, std::shared_ptr<Parameters> parameters)
    : config_(config), parameters_(std::move(parameters)) {
  check_config(config);
  if (config.kind == OptimizerConfig::Kind::adam) {
    slot_names_ = {"m", "v"};
  } else if (config.momentum > 0) {
    slot_names_ = {"velocity"};
  }
  for (std::size_t i = 0; i < slot_names_.size(); ++i) {
    const Index bytes = parameters_->theta.elements() * size_of(parameters_->dtype);
    slots_.push_back(
        StaggeredBuffer::zeroed(bytes, static_cast<int>(i) + 2));  // after theta and the gradient
  }
}

std::byte* Optimizer::slot(const std::string& name, const Segment& segment) const {
  for (std::size_t i = 0; i < slot_names_.size(); ++i) {
    if (slot_names_[i] == name) return slots_[i].data() + segment.offset * size_of(parameters_->dtype);
  }
  fail("Optimizer", "expected the name of a state vector, got '", name, "'");
}

void Optimizer::set_iterations(std::int64_t t) {
  check(t >= 0, "Optimizer", "expected iterations >= 0, got ", t);
  iterations_ = t;
}

template <class T>
void Optimizer::update_range(T* theta, const T* gradient, Range range, double learning_rate) const {
  const auto state = [&](std::size_t i) {
    return i < slots_.size() ? reinterpret_cast<T*>(slots_[i].data()) + range.begin : nullptr;
  };
  switch (config_.kind) {
    case OptimizerConfig::Kind::sgd:
      return sgd_update<T>(theta + range.begin, state(0), gradient + range.begin, range.size(),
                           sgd_step(learning_rate, config_.momentum, config_.nesterov));
    case OptimizerConfig::Kind::adam:
      return adam_update<T>(
          theta + range.begin, state(0), state(1), gradient + range.begin, range.size(),
          adam_step(learning_rate, config_.beta_1, config_.beta_2, config_.epsilon, iterations_ + 1));
  }
}

void Optimizer::update(Team& team, const std::byte* gradient, const std::vector<int>& segments,
                       double learning_rate) const {
  const FlatVector& theta = parameters_->theta;
  // Whole cache lines of the flat vector for each thread, and of those what lies in the segments.
  const Range share = team.share(theta.elements(), kAlignment / size_of(parameters_->dtype));
  for (const int index : segments) {
    const Segment& segment = theta.segments()[static_cast<std::size_t>(index)];
    const Range range{std::max(share.begin, segment.offset),
                      std::min(share.end, segment.offset + segment.size)};
    if (range.empty()) continue;
    if (parameters_->dtype == Dtype::f64) {
      update_range(reinterpret_cast<double*>(theta.data()), reinterpret_cast<const double*>(gradient), range,
                   learning_rate);
    } else {
      update_range(reinterpret_cast<float*>(theta.data()), reinterpret_cast<const float*>(gradient), range,
                   learning_rate);
    }
  }
}

}  // namespace fastdnn
