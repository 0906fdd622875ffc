// The serial part of the optimisers' updates.
#pragma once

#include "isa/table.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

template <class V>
void sgd_update(typename V::Scalar* theta, typename V::Scalar* velocity, const typename V::Scalar* gradient,
                Index n, const SgdStep& step) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const T alpha = static_cast<T>(step.alpha);
  const T rho = static_cast<T>(step.momentum);
  for_vectors<V>(n, [&](Index i, auto cover) {
    Vec direction = cover.load(gradient + i);
    if (velocity != nullptr) {
      const Vec v = V::fma(broadcast<V>(rho), cover.load(velocity + i), direction);
      cover.store(velocity + i, v);
      direction = step.nesterov ? V::fma(broadcast<V>(rho), v, direction) : v;
    }
    cover.store(theta + i, V::fma(broadcast<V>(-alpha), direction, cover.load(theta + i)));
  });
}

template <class V>
void adam_update(typename V::Scalar* theta, typename V::Scalar* m, typename V::Scalar* v,
                 const typename V::Scalar* gradient, Index n, const AdamStep& step) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const T alpha = static_cast<T>(step.alpha);
  const T beta_1 = static_cast<T>(step.beta_1);
  const T beta_2 = static_cast<T>(step.beta_2);
  const T rest_1 = static_cast<T>(1 - step.beta_1);
  const T rest_2 = static_cast<T>(1 - step.beta_2);
  const T epsilon = static_cast<T>(step.epsilon);
  for_vectors<V>(n, [&](Index i, auto cover) {
    const Vec g = cover.load(gradient + i);
    const Vec m_new = V::fma(broadcast<V>(beta_1), cover.load(m + i), rest_1 * g);
    const Vec v_new = V::fma(broadcast<V>(beta_2), cover.load(v + i), rest_2 * (g * g));
    cover.store(m + i, m_new);
    cover.store(v + i, v_new);
    cover.store(theta + i, cover.load(theta + i) - alpha * m_new / (V::sqrt(v_new) + epsilon));
  });
}

}  // namespace
}  // namespace fastdnn
