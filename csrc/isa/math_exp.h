// exp and expm1. Every x is n ln 2 + r with |r| <= ln(2) / 2, and exp(x) = 2^n (1 + q), q = expm1(r). The
// polynomials are the fits `exp32` and `exp64` of csrc/isa/minimax.py, within 2^-31 and 2^-60 of q.
#pragma once

#include "isa/math_layout.h"

namespace fastdnn {
namespace {

template <class V>
struct ReducedExp {
  typename V::Int n;
  typename V::Vec r;     // x - n ln 2, rounded
  typename V::Vec tail;  // q - r, with what r lost in the rounding
};

// x + low - n ln 2 for the n in `rounded`, to which kRound is added.
template <class V>
FASTDNN_INLINE ReducedExp<V> reduce_exp_by(typename V::Vec rounded, typename V::Vec x, typename V::Vec low) {
  using Vec = typename V::Vec;
  using L = Layout<typename V::Scalar>;
  const Vec n = rounded - L::kRound;
  const Vec high = V::fma(n, broadcast<V>(-L::kLn2High), x);  // exact where low is small
  low = V::fma(n, broadcast<V>(-L::kLn2Low), low);
  const Vec r = high + low;
  const Vec lost = (high - r) + low;
  const typename V::Int exponent = reinterpret_cast<typename V::Int>(rounded) - L::kRoundBits;
  if constexpr (sizeof(typename V::Scalar) == 4) {
    constexpr float kC[] = {1.9764331e-4f, 1.3932365e-3f, 8.333543e-3f, 4.1666493e-2f, 1.6666666e-1f, 0.5f};
    return {exponent, r, V::fma(polynomial<V>(r, kC), r * r, lost)};
  } else {
    constexpr double kC[] = {2.091483135138041e-09,
                             2.5105419192016337e-08,
                             2.7557273295539724e-07,
                             2.75572549134867e-06,
                             2.4801587325822283e-05,
                             0.00019841269875205077,
                             0.001388888888888367,
                             0.008333333333326025,
                             0.04166666666666667,
                             0.1666666666666667,
                             0.5};
    return {exponent, r, V::fma(polynomial<V>(r, kC), r * r, lost)};
  }
}

template <class V>
FASTDNN_INLINE typename V::Vec rounded_log2e_times(typename V::Vec x) {
  using L = Layout<typename V::Scalar>;
  constexpr auto kLog2e = static_cast<typename V::Scalar>(1.44269504088896340736);
  return V::fma(x, broadcast<V>(kLog2e), broadcast<V>(L::kRound));
}

// Of x within a few times [kExpLow, kExpHigh], or NaN.
template <class V>
FASTDNN_INLINE ReducedExp<V> reduce_exp(typename V::Vec x) {
  return reduce_exp_by<V>(rounded_log2e_times<V>(x), x, typename V::Vec{});
}

// Of x + low, where |low| is small against |x| or x + low is no larger than they.
template <class V>
FASTDNN_INLINE ReducedExp<V> reduce_exp(typename V::Vec x, typename V::Vec low) {
  return reduce_exp_by<V>(rounded_log2e_times<V>(x + low), x, low);
}

// Below 1 ulp for normal results; underflows gradually to 0, overflows to infinity; NaN stays NaN.
template <class V>
FASTDNN_INLINE typename V::Vec exp(typename V::Vec x) {
  using L = Layout<typename V::Scalar>;
  const auto e = reduce_exp<V>(clamp<V>(x, L::kExpLow, L::kExpHigh));
  return times_power_of_two<V>(1 + (e.r + e.tail), e.n);
}

// factor (exp(x) - 1), relatively exact near 0; -0 and NaN stay.
// In halves, because 2^n may be just too large.
template <class V>
FASTDNN_INLINE typename V::Vec times_expm1(typename V::Scalar factor, typename V::Vec x) {
  using Vec = typename V::Vec;
  using L = Layout<typename V::Scalar>;
  const auto e = reduce_exp<V>(clamp<V>(x, L::kExpm1Low, L::kExpHigh));
  const Vec half = factor * power_of_two<V>(e.n - 1);
  const Vec y = 2 * V::fma(half, e.r + e.tail, half - factor / 2);
  return abs<V>(x) < broadcast<V>(L::kLinear) ? factor * x : y;
}

template <class V>
FASTDNN_INLINE typename V::Vec expm1(typename V::Vec x) {
  return times_expm1<V>(1, x);
}

}  // namespace
}  // namespace fastdnn
