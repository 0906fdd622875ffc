// sin and cos of an eighth of a turn and less, |x| <= pi / 4: the fits `sin32`, `cos32`, `sin64` and `cos64` of
// csrc/isa/minimax.py. Angles beyond are reduced by whoever has them as integers, exactly.
#pragma once

#include "isa/math_layout.h"

namespace fastdnn {
namespace {

// x + x^3 P(x^2).
template <class V>
FASTDNN_INLINE typename V::Vec sin_eighth(typename V::Vec x) {
  const typename V::Vec s = x * x;
  if constexpr (sizeof(typename V::Scalar) == 4) {
    constexpr float kC[] = {-0.00019518791f, 0.008332192f, -0.16666655f};
    return V::fma(x * s, polynomial<V>(s, kC), x);
  } else {
    constexpr double kC[] = {1.5918129294866608e-10,  -2.5051131845003624e-08, 2.755731610255244e-06,
                             -0.00019841269836758574, 0.008333333333330948,    -0.16666666666666666};
    return V::fma(x * s, polynomial<V>(s, kC), x);
  }
}

// 1 - x^2 / 2 + x^4 P(x^2).
template <class V>
FASTDNN_INLINE typename V::Vec cos_eighth(typename V::Vec x) {
  using T = typename V::Scalar;
  const typename V::Vec s = x * x;
  const typename V::Vec rough = V::fma(s, broadcast<V>(static_cast<T>(-0.5)), broadcast<V>(1));
  if constexpr (sizeof(T) == 4) {
    constexpr float kC[] = {2.4432567e-05f, -0.0013887311f, 0.041666646f};
    return V::fma(s * s, polynomial<V>(s, kC), rough);
  } else {
    constexpr double kC[] = {-1.1382632425521717e-11, 2.08761462684032e-09,   -2.7557317271729793e-07,
                             2.480158729876569e-05,   -0.0013888888888887398, 0.041666666666666664};
    return V::fma(s * s, polynomial<V>(s, kC), rough);
  }
}

}  // namespace
}  // namespace fastdnn
