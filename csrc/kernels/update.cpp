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
  const bool averages = form == MomentumForm::ewma;
  if (averages && bias_correction) {
    return corrected_ewma_step(learning_rate, momentum, nesterov, integer_power(momentum, t));
  }
  const double gain = averages ? 1 - momentum : 1;
  if (!nesterov) return {learning_rate, momentum, gain, learning_rate, 0};
  return {learning_rate, momentum, gain, learning_rate * momentum, learning_rate * gain};
}

SgdStep corrected_ewma_step(double learning_rate, double momentum, bool nesterov, double power) {
  const double gain = 1 - momentum;
  const double now = 1 - power;
  if (!nesterov) return {learning_rate, momentum, gain, learning_rate / now, 0};
  const double next = 1 - power * momentum;
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

AdamStep adam_step(double learning_rate, double beta_1, double beta_2, double epsilon,
                   const BetaPowers& powers, EpsilonMode mode, bool bias_correction) {
  const double c = bias_correction ? std::sqrt(1 - powers.beta_2) : 1;
  AdamStep step = with_epsilon(learning_rate, beta_1, beta_2, epsilon, c, mode);
  step.from_m = bias_correction ? learning_rate * c / (1 - powers.beta_1) : learning_rate;
  return step;
}

AdamStep adam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t,
                   EpsilonMode mode, bool bias_correction) {
  const BetaPowers powers{integer_power(beta_1, t), integer_power(beta_2, t)};
  return adam_step(learning_rate, beta_1, beta_2, epsilon, powers, mode, bias_correction);
}

double nadam_momentum(double beta_1, double momentum_decay, std::int64_t t) {
  return beta_1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * momentum_decay));
}

AdamStep nadam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t,
                    double momentum_decay, const BetaPowers& powers, EpsilonMode mode) {
  const double c = std::sqrt(1 - powers.beta_2);
  const double now = nadam_momentum(beta_1, momentum_decay, t);
  const double next = nadam_momentum(beta_1, momentum_decay, t + 1);
  AdamStep step = with_epsilon(learning_rate, beta_1, beta_2, epsilon, c, mode);
  step.from_m = learning_rate * c * next / (1 - powers.beta_1 * next);
  step.from_gradient = learning_rate * c * (1 - now) / (1 - powers.beta_1);
  return step;
}

AdamStep nadam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t,
                    double momentum_decay, double product, EpsilonMode mode) {
  return nadam_step(learning_rate, beta_1, beta_2, epsilon, t, momentum_decay,
                    BetaPowers{product, integer_power(beta_2, t)}, mode);
}

}  // namespace fastdnn
