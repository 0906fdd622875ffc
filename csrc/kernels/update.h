// The optimisers' updates: one pass over a range of the flat parameters theta, for one step of one optimiser.
//
// Computes   with g the gradient after UpdateOptions, and avg_b(a, x) = b a + (1 - b) x
//            sgd       v = rho v + gain g; theta = theta - from_velocity v - from_gradient g;
//                      without velocity theta = theta - (from_velocity gain + from_gradient) g
//            adagrad   s = s + g^2; theta = theta - alpha g / root(s)
//            adadelta  s = avg_rho(s, g^2); delta = sqrt(d + epsilon) / sqrt(s + epsilon) g;
//                      d = avg_rho(d, delta^2); theta = theta - alpha delta
//            rmsprop   s = avg_rho(s, g^2); theta = theta - alpha g / root(s). With `average` given it is
//                      centered: a = avg_rho(a, g), and s - a^2, not below 0, is under the root. With
//                      velocity given v = momentum v + gain g / root(s); theta = theta - from_velocity v
//            adam      m = avg_beta_1(m, g); v = avg_beta_2(v, g^2); theta = theta - from_m m / root(v)
//            nadam     the same with (from_m m + from_gradient g) / root(v)
//            amsgrad   adam with v_max = max(v_max, v) under the root
//            lion      c = avg_beta_1(m, g); theta = theta - alpha sign(c); m = avg_beta_2(m, g)
//            where root(s) = sqrt(s + epsilon_inside) + epsilon_outside. Bias corrections are in the scalars
//            of a step, which the functions x_step make; so is a segment's own rate: make its step of alpha
//            times its scale. isa/table/update.h says what UpdateOptions does, and in which order.
// Shapes     theta, states, gradient (n,)
// Requires   no overlap; epsilon > 0 where a root may be of 0
// Shares     by the caller, any ranges: elements are independent, and the bits are the same for any cut
// Numerics   own type; scalars are computed in double and rounded once. One rounding for each operation of a
//            formula, or fewer (V::fma). NaN in theta, a state or the gradient stays in its element. An
//            infinite gradient does what its formula has (Adam: infinity / infinity, NaN)
//            unless clip_value is finite
#pragma once

#include "isa/table.h"

namespace fastdnn {

// velocity may be null.
template <class T>
void sgd_update(T* theta, T* velocity, const T* gradient, Index n, const SgdStep& step,
                const UpdateOptions& options = {}) {
  T* const states[] = {velocity};
  kernels<T>().sgd_update(theta, states, gradient, n, step, options);
}

template <class T>
void adagrad_update(T* theta, T* s, const T* gradient, Index n, const AdagradStep& step,
                    const UpdateOptions& options = {}) {
  T* const states[] = {s};
  kernels<T>().adagrad_update(theta, states, gradient, n, step, options);
}

template <class T>
void adadelta_update(T* theta, T* s, T* d, const T* gradient, Index n, const AdadeltaStep& step,
                     const UpdateOptions& options = {}) {
  T* const states[] = {s, d};
  kernels<T>().adadelta_update(theta, states, gradient, n, step, options);
}

// average (centered) and velocity (momentum) may be null.
template <class T>
void rmsprop_update(T* theta, T* s, T* average, T* velocity, const T* gradient, Index n,
                    const RmspropStep& step, const UpdateOptions& options = {}) {
  T* const states[] = {s, average, velocity};
  kernels<T>().rmsprop_update(theta, states, gradient, n, step, options);
}

template <class T>
void adam_update(T* theta, T* m, T* v, const T* gradient, Index n, const AdamStep& step,
                 const UpdateOptions& options = {}) {
  T* const states[] = {m, v};
  kernels<T>().adam_update(theta, states, gradient, n, step, options);
}

template <class T>
void nadam_update(T* theta, T* m, T* v, const T* gradient, Index n, const AdamStep& step,
                  const UpdateOptions& options = {}) {
  T* const states[] = {m, v};
  kernels<T>().nadam_update(theta, states, gradient, n, step, options);
}

template <class T>
void amsgrad_update(T* theta, T* m, T* v, T* v_max, const T* gradient, Index n, const AdamStep& step,
                    const UpdateOptions& options = {}) {
  T* const states[] = {m, v, v_max};
  kernels<T>().amsgrad_update(theta, states, gradient, n, step, options);
}

template <class T>
void lion_update(T* theta, T* m, const T* gradient, Index n, const LionStep& step,
                 const UpdateOptions& options = {}) {
  T* const states[] = {m};
  kernels<T>().lion_update(theta, states, gradient, n, step, options);
}

// Where epsilon stands: beside the bias-corrected root (the paper's algorithm, PyTorch), under it, or beside
// the root before its correction (Keras: the paper's "epsilon hat").
// The last two are one where nothing is corrected.
enum class EpsilonMode : std::uint8_t { outside, inside, hat };

// What the velocity averages: `sum` v = rho v + g; `ewma` v = rho v + (1 - rho) g;
// `keras` v = rho v - alpha g with the velocity itself as the step,
// which differs from `sum` once alpha changes.
enum class MomentumForm : std::uint8_t { sum, ewma, keras };

// Step t (from 1) of momentum; t matters to `bias_correction` of `ewma` only, which divides the velocity that
// is read by 1 - rho^t. Nesterov's step looks ahead: g + rho v in place of v, its like in the other forms,
// and with the correction rho v / (1 - rho^(t+1)) + (1 - rho) g / (1 - rho^t), as Nadam.
SgdStep sgd_step(double learning_rate, double momentum, bool nesterov, MomentumForm form = MomentumForm::sum,
                 bool bias_correction = false, std::int64_t t = 1);
// The corrected `ewma` where momentum may have been another one at each step: `power` is the product of steps 1
// to t, momentum^t where it stays. The look-ahead takes the next step's to be this one's.
SgdStep corrected_ewma_step(double learning_rate, double momentum, bool nesterov, double power);

AdagradStep adagrad_step(double learning_rate, double epsilon, EpsilonMode mode = EpsilonMode::outside);

// The velocity sums g / root(s), and the step is alpha times it (PyTorch), or with `form` keras it sums
// alpha g / root(s) (Keras). Without velocity momentum and form do not matter.
RmspropStep rmsprop_step(double learning_rate, double rho, double epsilon,
                         EpsilonMode mode = EpsilonMode::outside, bool has_velocity = false,
                         double momentum = 0, MomentumForm form = MomentumForm::sum);

// What the betas of steps 1 to t multiply to: beta^t where they stay. An average weighs all values so far by
// 1 less this, whatever the betas were.
struct BetaPowers {
  double beta_1, beta_2;
};

// Step t (from 1) of Adam, AdamW and AMSGrad. With c = sqrt(1 - beta_2^t) the update
//   alpha (m / (1 - beta_1^t)) / (sqrt(v / c^2) + epsilon)  is
//   alpha c / (1 - beta_1^t) m / (sqrt(v) + epsilon c),
// and under the root epsilon becomes epsilon c^2.
AdamStep adam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t,
                   EpsilonMode mode = EpsilonMode::outside, bool bias_correction = true);
AdamStep adam_step(double learning_rate, double beta_1, double beta_2, double epsilon,
                   const BetaPowers& powers, EpsilonMode mode = EpsilonMode::outside,
                   bool bias_correction = true);

// Momentum mu_t of NAdam at step t: beta_1 (1 - 0.96^(t momentum_decay) / 2).
double nadam_momentum(double beta_1, double momentum_decay, std::int64_t t);

// Step t (from 1) of NAdam; `product` is mu_1 ... mu_t, which the caller keeps.
AdamStep nadam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t,
                    double momentum_decay, double product, EpsilonMode mode = EpsilonMode::outside);
// With mu_1 ... mu_t in the place of beta_1's power.
AdamStep nadam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t,
                    double momentum_decay, const BetaPowers& powers, EpsilonMode mode = EpsilonMode::outside);

}  // namespace fastdnn
