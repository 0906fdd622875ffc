// The serial part of the optimisers' updates: the frame that all rules share.
// The rules are in update_rules-inl.h.
#pragma once

#include "isa/table.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// x, but no further from 0 than `limit`; NaN stays NaN.
template <class V>
FASTDNN_INLINE typename V::Vec clamp(typename V::Vec x, typename V::Scalar limit) {
  using Vec = typename V::Vec;
  const Vec high = broadcast<V>(limit);
  const Vec low = broadcast<V>(-limit);
  x = x > high ? high : x;
  return x < low ? low : x;
}

// -1, 0 or 1; NaN for NaN.
template <class V>
FASTDNN_INLINE typename V::Vec sign(typename V::Vec x) {
  using Vec = typename V::Vec;
  const Vec one = broadcast<V>(1);
  return x > Vec{} ? one : (x < Vec{} ? -one : x);
}

// UpdateOptions for one step, in the kernel's type. Each option costs a branch a vector, always taken the
// same way, and its work where it is on; with all of them off, NoOptions costs nothing.
template <class V>
struct ElementOptions {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  T gradient_scale, clip_value, l2, l1, decay, threshold;
  bool scales, clips, adds_l2, adds_l1, decays, shrinks;

  FASTDNN_INLINE ElementOptions(double learning_rate, const UpdateOptions& options)
      : gradient_scale(static_cast<T>(options.gradient_scale)),
        clip_value(static_cast<T>(options.clip_value)),
        l2(static_cast<T>(options.l2)),
        l1(static_cast<T>(options.l1)),
        decay(static_cast<T>(learning_rate * options.weight_decay)),
        threshold(static_cast<T>(learning_rate * options.proximal_l1)),
        scales(gradient_scale != 1),
        clips(clip_value < static_cast<T>(__builtin_inf())),
        adds_l2(l2 != 0),
        adds_l1(l1 != 0),
        decays(decay != 0),
        shrinks(threshold != 0) {}

  FASTDNN_INLINE Vec gradient(Vec g, Vec theta) const {
    if (scales) g *= gradient_scale;
    if (clips) g = clamp<V>(g, clip_value);
    if (adds_l2) g = V::fma(broadcast<V>(l2), theta, g);
    if (adds_l1) g = V::fma(broadcast<V>(l1), sign<V>(theta), g);
    return g;
  }
  // Not theta (1 - decay): 1 - decay would be off by up to half an ulp of 1, which is no small part of decay.
  FASTDNN_INLINE Vec before(Vec theta) const {
    return decays ? V::fma(broadcast<V>(-decay), theta, theta) : theta;
  }
  FASTDNN_INLINE Vec after(Vec theta) const { return shrinks ? theta - clamp<V>(theta, threshold) : theta; }
};

template <class V>
struct NoOptions {
  using Vec = typename V::Vec;
  FASTDNN_INLINE Vec gradient(Vec g, Vec) const { return g; }
  FASTDNN_INLINE Vec before(Vec theta) const { return theta; }
  FASTDNN_INLINE Vec after(Vec theta) const { return theta; }
};

// One pass over the vectors. A rule has kStates and, for one vector of elements,
// rule(theta, g, state), which writes the new states over the old ones and returns the new theta.
template <class V, class Rule, class Options>
FASTDNN_INLINE void update_elements(typename V::Scalar* theta, typename V::Scalar* const* states,
                                    const typename V::Scalar* gradient, Index n, const Rule& rule,
                                    const Options& options) {
  using Vec = typename V::Vec;
  constexpr int kStates = Rule::kStates;
  typename V::Scalar* state_at[kStates + 1];  // not empty: SGD has no state
  for (int k = 0; k < kStates; ++k) state_at[k] = states[k];
  for_vectors<V>(n, [&](Index i, auto cover) {
    const Vec old = cover.load(theta + i);
    Vec state[kStates + 1];
    for (int k = 0; k < kStates; ++k) state[k] = cover.load(state_at[k] + i);
    const Vec g = options.gradient(cover.load(gradient + i), old);
    const Vec next = options.after(rule(options.before(old), g, state));
    for (int k = 0; k < kStates; ++k) cover.store(state_at[k] + i, state[k]);
    cover.store(theta + i, next);
  });
}

FASTDNN_INLINE bool all_off(const UpdateOptions& o) {
  return o.gradient_scale == 1 && o.clip_value == __builtin_inf() && o.l2 == 0 && o.l1 == 0 &&
         o.weight_decay == 0 && o.proximal_l1 == 0;
}

template <class V, class Rule, class Step>
FASTDNN_INLINE void update(typename V::Scalar* theta, typename V::Scalar* const* states,
                           const typename V::Scalar* gradient, Index n, const Step& step,
                           const UpdateOptions& options) {
  const Rule rule(step);
  if (all_off(options)) {
    update_elements<V>(theta, states, gradient, n, rule, NoOptions<V>{});
  } else {
    update_elements<V>(theta, states, gradient, n, rule, ElementOptions<V>(step.learning_rate, options));
  }
}

}  // namespace
}  // namespace fastdnn
