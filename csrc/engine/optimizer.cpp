#include "engine/optimizer.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "kernels/max_norm.h"
#include "kernels/norm.h"

namespace fastdnn {
namespace {

using Kind = OptimizerConfig::Kind;

template <class T>
void fill(const StaggeredBuffer& slot, const FlatVector& theta, double value) {
  for (const Segment& segment : theta.segments()) {
    T* begin = reinterpret_cast<T*>(slot.data()) + segment.offset;
    std::fill(begin, begin + segment.size, static_cast<T>(value));
  }
}

bool is_limit(double norm) {
  return norm < std::numeric_limits<double>::infinity();
}

// A weight as a matrix; a vector is one column.
template <class T>
Matrix<T> matrix_of(T* theta, const Segment& segment) {
  const Index rows = segment.shape.empty() ? 1 : segment.shape[0];
  const Index cols = segment.shape.size() == 2 ? segment.shape[1] : 1;
  return {theta + segment.offset, rows, cols, cols};
}

}  // namespace

Optimizer::Optimizer(const OptimizerConfig& config, std::shared_ptr<Parameters> parameters)
    : config_(config),
      parameters_(std::move(parameters)),
      columns_(scalar_columns(config.kind)),
      slot_names_(fastdnn::slot_names(config)),
      product_names_(fastdnn::product_names(config)),
      options_(parameters_->theta.segments().size()),
      norms_(parameters_->theta) {
  check_config(config);
  for (std::size_t i = 0; i < slot_names_.size(); ++i) {
    const Index bytes = parameters_->theta.elements() * size_of(parameters_->dtype);
    slots_.push_back(
        StaggeredBuffer::zeroed(bytes, static_cast<int>(i) + 2));  // after theta and the gradient
  }
  if (config.kind == Kind::adagrad && config.initial_accumulator != 0) {
    (parameters_->dtype == Dtype::f64 ? fill<double> : fill<float>)(slots_[0], parameters_->theta,
                                                                    config.initial_accumulator);
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

void Optimizer::set_product(const std::string& name, double product) {
  const auto found = std::find(product_names_.begin(), product_names_.end(), name);
  check(found != product_names_.end(), "Optimizer", "expected the name of a product, got '", name, "'");
  check(product >= 0 && product <= 1, "Optimizer", "expected 0 <= ", name, " <= 1, got ", product);
  products_[static_cast<std::size_t>(found - product_names_.begin())] = product;
}

void Optimizer::set_options(const std::string& name, const SegmentOptions& options) {
  const Segment& segment = parameters_->theta.find(name);
  const char* where = "SegmentOptions";
  for (const double x : {options.lr_scale, options.proximal_l1}) {
    check(x >= 0 && std::isfinite(x), where, "expected finite lr_scale and proximal_l1 >= 0, got ", x);
  }
  check(options.max_norm >= 0, where, "expected max_norm >= 0, got ", options.max_norm);
  check(options.max_norm_axis == 0 || options.max_norm_axis == 1, where,
        "expected max_norm_axis 0 or 1, got ", options.max_norm_axis);
  check(!is_limit(options.max_norm) || segment.shape.size() <= 2, where,
        "expected max_norm of a vector or matrix, got '", name, "' of ", segment.shape.size(), " dimensions");
  options_[index_of(segment)] = options;
}

const SegmentOptions& Optimizer::options(const std::string& name) const {
  return options_[index_of(parameters_->theta.find(name))];
}

std::size_t Optimizer::index_of(const Segment& segment) const {
  return static_cast<std::size_t>(&segment - parameters_->theta.segments().data());
}

Optimizer::Products Optimizer::products_with(const StepScalars& s) const {
  Products products = products_;
  for (std::size_t i = 0; i < product_names_.size(); ++i) {
    const std::string& name = product_names_[i];
    const double factor = name == "mu"       ? nadam_momentum(s.beta_1, s.momentum_decay, iterations_ + 1)
                          : name == "beta_1" ? s.beta_1
                          : name == "beta_2" ? s.beta_2
                                             : s.momentum;
    products[i] *= factor;
  }
  return products;
}

void Optimizer::count_step(const StepScalars& scalars) {
  products_ = products_with(scalars);
  ++iterations_;
}

template <class T>
void Optimizer::update_range(const T* gradient, Range range, const StepScalars& s, const Products& products,
                             const UpdateOptions& options) const {
  const auto state = [&](std::size_t i) {
    return i < slots_.size() ? reinterpret_cast<T*>(slots_[i].data()) + range.begin : nullptr;
  };
  T* theta = reinterpret_cast<T*>(parameters_->theta.data()) + range.begin;
  const T* g = gradient + range.begin;
  const Index n = range.size();
  const OptimizerConfig& c = config_;
  const BetaPowers powers{products[0], products[1]};
  switch (c.kind) {
    case Kind::sgd: {
      const bool corrected = c.form == MomentumForm::ewma && c.bias_correction;
      return sgd_update<T>(theta, state(0), g, n,
                           corrected
                               ? corrected_ewma_step(s.learning_rate, s.momentum, c.nesterov, products[0])
                               : sgd_step(s.learning_rate, s.momentum, c.nesterov, c.form),
                           options);
    }
    case Kind::adagrad:
      return adagrad_update<T>(theta, state(0), g, n,
                               adagrad_step(s.learning_rate, s.epsilon, c.epsilon_mode), options);
    case Kind::adadelta:
      return adadelta_update<T>(theta, state(0), state(1), g, n, {s.learning_rate, s.rho, s.epsilon},
                                options);
    case Kind::rmsprop:
      return rmsprop_update<T>(
          theta, state(0), c.centered ? state(1) : nullptr, c.velocity ? state(c.centered ? 2 : 1) : nullptr,
          g, n,
          rmsprop_step(s.learning_rate, s.rho, s.epsilon, c.epsilon_mode, c.velocity, s.momentum, c.form),
          options);
    case Kind::adam:
      return adam_update<T>(theta, state(0), state(1), g, n,
                            adam_step(s.learning_rate, s.beta_1, s.beta_2, s.epsilon, powers, c.epsilon_mode,
                                      c.bias_correction),
                            options);
    case Kind::nadam:
      return nadam_update<T>(theta, state(0), state(1), g, n,
                             nadam_step(s.learning_rate, s.beta_1, s.beta_2, s.epsilon, iterations_ + 1,
                                        s.momentum_decay, powers, c.epsilon_mode),
                             options);
    case Kind::amsgrad:
      return amsgrad_update<T>(theta, state(0), state(1), state(2), g, n,
                               adam_step(s.learning_rate, s.beta_1, s.beta_2, s.epsilon, powers,
                                         c.epsilon_mode, c.bias_correction),
                               options);
    case Kind::lion:
      return lion_update<T>(theta, state(0), g, n, {s.learning_rate, s.beta_1, s.beta_2}, options);
  }
}

template <class T>
void Optimizer::update_segments(Team& team, const T* gradient, const std::vector<int>& segments,
                                const StepScalars& scalars) {
  const FlatVector& theta = parameters_->theta;
  const bool by_weight = is_limit(scalars.clipnorm), globally = is_limit(scalars.global_clipnorm);
  UpdateOptions options;
  options.clip_value = scalars.clipvalue;
  if (by_weight || globally) norms_.measure(team, gradient, segments);
  if (globally) {
    options.gradient_scale =
        clip_scale(norms_.global_norm(team, gradient, segments), scalars.global_clipnorm);
  }
  const Products products = products_with(scalars);
  // Whole cache lines of the flat vector for each thread, and of those what lies in the segments.
  const Range share = team.share(theta.elements(), kAlignment / size_of(parameters_->dtype));
  for (const int index : segments) {
    const Segment& segment = theta.segments()[static_cast<std::size_t>(index)];
    const SegmentOptions& own = options_[static_cast<std::size_t>(index)];
    if (by_weight) {
      options.gradient_scale = clip_scale(norms_.norm(team, gradient, index), scalars.clipnorm);
    }
    const Range range{std::max(share.begin, segment.offset),
                      std::min(share.end, segment.offset + segment.size)};
    if (range.empty()) continue;
    StepScalars scaled = scalars;
    scaled.learning_rate *= own.lr_scale;
    (config_.coupled_decay ? options.l2 : options.weight_decay) = own.decay ? scalars.weight_decay : 0;
    options.proximal_l1 = own.proximal_l1;
    update_range(gradient, range, scaled, products, options);
  }
  constrain<T>(team, segments);
}

template <class T>
void Optimizer::constrain(Team& team, const std::vector<int>& segments) const {
  const FlatVector& theta = parameters_->theta;
  bool waited = false;
  for (const int index : segments) {
    const SegmentOptions& own = options_[static_cast<std::size_t>(index)];
    if (!is_limit(own.max_norm)) continue;
    if (!waited) team.barrier();  // a column crosses what the threads have updated
    waited = true;
    const Segment& segment = theta.segments()[static_cast<std::size_t>(index)];
    max_norm(team, matrix_of(reinterpret_cast<T*>(theta.data()), segment), static_cast<T>(own.max_norm),
             own.max_norm_axis);
  }
}

void Optimizer::update(Team& team, const std::byte* gradient, const std::vector<int>& segments,
                       const StepScalars& scalars) {
  if (parameters_->dtype == Dtype::f64) {
    update_segments(team, reinterpret_cast<const double*>(gradient), segments, scalars);
  } else {
    update_segments(team, reinterpret_cast<const float*>(gradient), segments, scalars);
  }
}

}  // namespace fastdnn
