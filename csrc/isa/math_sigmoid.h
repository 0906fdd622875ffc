// The logistic function and the hyperbolic tangent.
#pragma once

#include "isa/math_exp.h"

namespace fastdnn {
namespace {

// 2^n for any n that exp's reduction gives, in two factors.
template <class V>
struct PowerOfTwo {
  typename V::Vec first, second;
  FASTDNN_INLINE explicit PowerOfTwo(typename V::Int n)
      : first(power_of_two<V>(n >> 1)), second(power_of_two<V>(n - (n >> 1))) {}
};

// factor / (1 + exp(-x)), where exp(-x) = 2^n (1 + q): factor w / (w + 1 + q) with w = 2^-n.
// So one sum and one quotient round, and the result underflows gradually.
// For x up to kSigmoidHigh, from kSigmoidLow, or NaN.
template <class V>
FASTDNN_INLINE typename V::Vec logistic(typename V::Vec factor, const ReducedExp<V>& e) {
  const PowerOfTwo<V> w(-e.n);
  const typename V::Vec denominator = (w.first * w.second + 1) + (e.r + e.tail);
  return factor / denominator * w.first * w.second;
}

// 1 / (1 + exp(-x)).
template <class V>
FASTDNN_INLINE typename V::Vec sigmoid(typename V::Vec x) {
  using Vec = typename V::Vec;
  using L = Layout<typename V::Scalar>;
  const Vec clamped = clamp<V>(x, L::kSigmoidLow, L::kSigmoidHigh);
  return logistic<V>(broadcast<V>(1), reduce_exp<V>(-clamped));
}

// x sigmoid(x).
template <class V>
FASTDNN_INLINE typename V::Vec x_sigmoid(typename V::Vec x) {
  using Vec = typename V::Vec;
  using L = Layout<typename V::Scalar>;
  const Vec clamped = clamp<V>(x, L::kSigmoidLow, L::kSigmoidHigh);
  const Vec factor = x < clamped ? clamped : x;  // -infinity times 0 shall be 0
  return logistic<V>(factor, reduce_exp<V>(-clamped));
}

// (tanh(x) - x) / x^3 of s = x^2, |x| <= 0.63: the fits `tanh32` and `tanh64` of csrc/isa/minimax.py,
// which make tanh(x) good to 2^-27.6 and 2^-56.
template <class V>
FASTDNN_INLINE typename V::Vec tanh_remainder(typename V::Vec s) {
  if constexpr (sizeof(typename V::Scalar) == 4) {
    constexpr float kC[] = {-0.005665064f, 0.020604296f, -0.053729367f, 0.13331322f, -0.33333278f};
    return polynomial<V>(s, kC);
  } else {
    constexpr double kC[] = {6.3972689598027444e-06,  -3.101908477114076e-05, 9.240873262425578e-05,
                             -0.00023750892553638748, 0.0005896351906396607,  -0.0014557703283925752,
                             0.0035921211015103763,   -0.008863235051668625,  0.021869488516629447,
                             -0.05396825396784097,    0.13333333333332992,    -0.3333333333333333};
    return polynomial<V>(s, kC);
  }
}

// Odd; near 0 x + x^3 P(x^2), else 1 - 2 / (exp(2 x) + 1).
template <class V>
FASTDNN_INLINE typename V::Vec tanh(typename V::Vec x) {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  using L = Layout<T>;
  Vec t = abs<V>(x);
  const Vec s = t * t;
  const Vec small = V::fma(s * tanh_remainder<V>(s), t, t);
  const auto e = reduce_exp<V>(2 * (t > broadcast<V>(L::kTanhHigh) ? broadcast<V>(L::kTanhHigh) : t));
  const Vec power = power_of_two<V>(e.n);
  const Vec large = 1 - 2 / V::fma(power, e.r + e.tail, power + 1);
  return with_sign_of<V>(x, t < broadcast<V>(static_cast<T>(0.625)) ? small : large);
}

}  // namespace
}  // namespace fastdnn
