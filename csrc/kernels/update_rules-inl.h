// The optimisers' rules, one vector of elements at a time, and the serial kernels made of them.
// The scalars of a step come in double and are rounded once.
#pragma once

#include "kernels/update-inl.h"

namespace fastdnn {
namespace {

template <class V>
struct SgdRule {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  static constexpr int kStates = 0;
  T alpha;

  FASTDNN_INLINE explicit SgdRule(const SgdStep& s)
      : alpha(static_cast<T>(s.from_velocity * s.gain + s.from_gradient)) {}
  FASTDNN_INLINE Vec operator()(Vec theta, Vec g, Vec*) const {
    return V::fma(broadcast<V>(-alpha), g, theta);
  }
};

// state: velocity
template <class V, bool kLookAhead>
struct MomentumRule {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  static constexpr int kStates = 1;
  T rho, gain, from_velocity, from_gradient;

  FASTDNN_INLINE explicit MomentumRule(const SgdStep& s)
      : rho(static_cast<T>(s.rho)),
        gain(static_cast<T>(s.gain)),
        from_velocity(static_cast<T>(s.from_velocity)),
        from_gradient(static_cast<T>(s.from_gradient)) {}
  FASTDNN_INLINE Vec operator()(Vec theta, Vec g, Vec* state) const {
    state[0] = V::fma(broadcast<V>(rho), state[0], gain * g);
    if constexpr (!kLookAhead) return V::fma(broadcast<V>(-from_velocity), state[0], theta);
    return theta - V::fma(broadcast<V>(from_gradient), g, from_velocity * state[0]);
  }
};

// sqrt(s + inside) + outside. One of the two is 0, and adding it costs nothing beside the root.
template <class V>
struct GuardedRoot {
  typename V::Scalar inside, outside;

  template <class Step>
  FASTDNN_INLINE explicit GuardedRoot(const Step& s)
      : inside(static_cast<typename V::Scalar>(s.epsilon_inside)),
        outside(static_cast<typename V::Scalar>(s.epsilon_outside)) {}
  FASTDNN_INLINE typename V::Vec operator()(typename V::Vec s) const { return V::sqrt(s + inside) + outside; }
};

// beta average + (1 - beta) x
template <class V>
struct Average {
  typename V::Scalar beta, rest;

  FASTDNN_INLINE explicit Average(double beta_)
      : beta(static_cast<typename V::Scalar>(beta_)), rest(static_cast<typename V::Scalar>(1 - beta_)) {}
  FASTDNN_INLINE typename V::Vec operator()(typename V::Vec average, typename V::Vec x) const {
    return V::fma(broadcast<V>(beta), average, rest * x);
  }
};

// state: s
template <class V>
struct AdagradRule {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  static constexpr int kStates = 1;
  T alpha;
  GuardedRoot<V> root;

  FASTDNN_INLINE explicit AdagradRule(const AdagradStep& s)
      : alpha(static_cast<T>(s.learning_rate)), root(s) {}
  FASTDNN_INLINE Vec operator()(Vec theta, Vec g, Vec* state) const {
    state[0] = V::fma(g, g, state[0]);
    return theta - alpha * g / root(state[0]);
  }
};

// states: s, d
template <class V>
struct AdadeltaRule {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  static constexpr int kStates = 2;
  T alpha, epsilon;
  Average<V> average;

  FASTDNN_INLINE explicit AdadeltaRule(const AdadeltaStep& s)
      : alpha(static_cast<T>(s.learning_rate)), epsilon(static_cast<T>(s.epsilon)), average(s.rho) {}
  FASTDNN_INLINE Vec operator()(Vec theta, Vec g, Vec* state) const {
    state[0] = average(state[0], g * g);
    const Vec delta = V::sqrt(state[1] + epsilon) / V::sqrt(state[0] + epsilon) * g;
    state[1] = average(state[1], delta * delta);
    return V::fma(broadcast<V>(-alpha), delta, theta);
  }
};

// states: s, then the gradient's average where centered, then velocity
template <class V, bool kCentered, bool kMomentum>
struct RmspropRule {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  static constexpr int kStates = 1 + kCentered + kMomentum;
  T momentum, gain, from_velocity;
  Average<V> average;
  GuardedRoot<V> root;

  FASTDNN_INLINE explicit RmspropRule(const RmspropStep& s)
      : momentum(static_cast<T>(s.momentum)),
        gain(static_cast<T>(s.gain)),
        from_velocity(static_cast<T>(s.from_velocity)),
        average(s.rho),
        root(s) {}
  FASTDNN_INLINE Vec operator()(Vec theta, Vec g, Vec* state) const {
    state[0] = average(state[0], g * g);
    Vec variance = state[0];
    if constexpr (kCentered) {
      state[1] = average(state[1], g);
      variance = V::fma(-state[1], state[1], variance);
      variance = variance < Vec{} ? Vec{} : variance;  // by rounding; NaN stays
    }
    const Vec step = gain * g / root(variance);
    if constexpr (!kMomentum) return theta - step;
    Vec& velocity = state[kStates - 1];
    velocity = V::fma(broadcast<V>(momentum), velocity, step);
    return V::fma(broadcast<V>(-from_velocity), velocity, theta);
  }
};

enum class AdamKind { adam, nadam, amsgrad };

// states: m, v, then v_max of AMSGrad
template <class V, AdamKind kKind>
struct AdamRule {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  static constexpr int kStates = kKind == AdamKind::amsgrad ? 3 : 2;
  T from_m, from_gradient;
  Average<V> average_1, average_2;
  GuardedRoot<V> root;

  FASTDNN_INLINE explicit AdamRule(const AdamStep& s)
      : from_m(static_cast<T>(s.from_m)),
        from_gradient(static_cast<T>(s.from_gradient)),
        average_1(s.beta_1),
        average_2(s.beta_2),
        root(s) {}
  FASTDNN_INLINE Vec operator()(Vec theta, Vec g, Vec* state) const {
    state[0] = average_1(state[0], g);
    state[1] = average_2(state[1], g * g);
    Vec step = from_m * state[0];
    if constexpr (kKind == AdamKind::nadam) step = V::fma(broadcast<V>(from_gradient), g, step);
    if constexpr (kKind == AdamKind::amsgrad) {
      const Vec larger = state[2] < state[1] ? state[1] : state[2];
      state[2] = state[1] == state[1] ? larger : state[1];  // NaN in either stays
    }
    return theta - step / root(state[kStates - 1]);
  }
};

// state: m
template <class V>
struct LionRule {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  static constexpr int kStates = 1;
  T alpha;
  Average<V> average_1, average_2;

  FASTDNN_INLINE explicit LionRule(const LionStep& s)
      : alpha(static_cast<T>(s.learning_rate)), average_1(s.beta_1), average_2(s.beta_2) {}
  FASTDNN_INLINE Vec operator()(Vec theta, Vec g, Vec* state) const {
    const Vec direction = sign<V>(average_1(state[0], g));
    state[0] = average_2(state[0], g);
    return V::fma(broadcast<V>(-alpha), direction, theta);
  }
};

// A serial kernel of one rule; those with several rules follow.
template <class V, class Rule, class Step>
void update_by(typename V::Scalar* theta, typename V::Scalar* const* states,
               const typename V::Scalar* gradient, Index n, const Step& step, const UpdateOptions& options) {
  update<V, Rule>(theta, states, gradient, n, step, options);
}

template <class V>
void sgd_update(typename V::Scalar* theta, typename V::Scalar* const* states,
                const typename V::Scalar* gradient, Index n, const SgdStep& step,
                const UpdateOptions& options) {
  if (states[0] == nullptr) {
    update<V, SgdRule<V>>(theta, states, gradient, n, step, options);
  } else if (step.from_gradient == 0) {
    update<V, MomentumRule<V, false>>(theta, states, gradient, n, step, options);
  } else {
    update<V, MomentumRule<V, true>>(theta, states, gradient, n, step, options);
  }
}

// states: s, average or null, velocity or null
template <class V>
void rmsprop_update(typename V::Scalar* theta, typename V::Scalar* const* states,
                    const typename V::Scalar* gradient, Index n, const RmspropStep& step,
                    const UpdateOptions& options) {
  typename V::Scalar* const compact[] = {states[0], states[1] != nullptr ? states[1] : states[2], states[2]};
  if (states[1] == nullptr && states[2] == nullptr) {
    update<V, RmspropRule<V, false, false>>(theta, compact, gradient, n, step, options);
  } else if (states[2] == nullptr) {
    update<V, RmspropRule<V, true, false>>(theta, compact, gradient, n, step, options);
  } else if (states[1] == nullptr) {
    update<V, RmspropRule<V, false, true>>(theta, compact, gradient, n, step, options);
  } else {
    update<V, RmspropRule<V, true, true>>(theta, compact, gradient, n, step, options);
  }
}

}  // namespace
}  // namespace fastdnn
