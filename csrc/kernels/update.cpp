#include "kernels/update.h"

#include <cmath>

namespace fastdnn {
namespace {

// x^n by squaring: the same bits with every C library, which pow does not promise.
double integer_power(double x, std::int64_t n) {
  double result = 1;
  for (; n > 0; n /= 2, x *= x) {
    if (n % 2 == 1) result *= x;
  }
  return result;
}

// Adam's step before its weights: `c` is the correction of the root.
AdamStep with_epsilon(double learning_rate, double beta_1, double beta_2, double epsilon, double c,
                      EpsilonMode mode) {
  AdamStep step{learning_rate, beta_1, beta_2, 0, 0, 0, 0};
  if (mode == EpsilonMode::inside) {
    step.epsilon_inside = epsilon * c * c;
  } else {
    step.epsilon_outside = mode == EpsilonMode::hat ? epsilon : epsilon * c;
  }
  return step;
}

}  // namespace

SgdStep sgd_step(double learning_rate, double momentum, bool nesterov, MomentumForm form,
                 bool bias_correction, std::int64_t t) {
  if (form == MomentumForm::keras) {
    return {learning_rate, momentum, -learning_rate, nesterov ? -momentum : -1, nesterov ? learning_rate : 0};
  }
  const bool corrected = form == MomentumForm::ewma && bias_correction;
  const double gain = form == MomentumForm::ewma ? 1 - momentum : 1;
  const double now = corrected ? 1 - integer_power(momentum, t) : 1;
  if (!nesterov) return {learning_rate, momentum, gain, learning_rate / now, 0};
  const double next = corrected ? 1 - integer_power(momentum, t + 1) : 1;
  return {learning_rate, momentum, gain, learning_rate * momentum / next, learning_rate * gain / now};
}

AdagradStep adagrad_step(double learning_rate, double epsilon, EpsilonMode mode) {
  const bool inside = mode == EpsilonMode::inside;
  return {learning_rate, inside ? epsilon : 0, inside ? 0 : epsilon};
}

RmspropStep rmsprop_step(double learning_rate, double rho, double epsilon, EpsilonMode mode,
                         bool has_velocity, double momentum, MomentumForm form) {
  const bool inside = mode == EpsilonMode::inside;
  const bool carries_rate = !has_velocity || form == MomentumForm::keras;
  return {learning_rate,
          rho,
          inside ? epsilon : 0,
          inside ? 0 : epsilon,
          momentum,
          carries_rate ? learning_rate : 1,
          carries_rate ? 1 : learning_rate};
}

AdamStep adam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t,
                   EpsilonMode mode, bool bias_correction) {
  const double c = bias_correction ? std::sqrt(1 - integer_power(beta_2, t)) : 1;
  AdamStep step = with_epsilon(learning_rate, beta_1, beta_2, epsilon, c, mode);
  step.from_m = bias_correction ? learning_rate * c / (1 - integer_power(beta_1, t)) : learning_rate;
  return step;
}

double nadam_momentum(double beta_1, double momentum_decay, std::int64_t t) {
  return beta_1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * momentum_decay));
}

AdamStep nadam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t,
                    double momentum_decay, double product, EpsilonMode mode) {
  const double c = std::sqrt(1 - integer_power(beta_2, t));
  const double now = nadam_momentum(beta_1, momentum_decay, t);
  const double next = nadam_momentum(beta_1, momentum_decay, t + 1);
  AdamStep step = with_epsilon(learning_rate, beta_1, beta_2, epsilon, c, mode);
  step.from_m = learning_rate * c * next / (1 - product * next);
  step.from_gradient = learning_rate * c * (1 - now) / (1 - product);
  return step;
}

}  // namespace fastdnn
