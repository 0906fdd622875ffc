// exp and expm1. Every x is n ln 2 + r with |r| <= ln(2) / 2, and exp(x) = 2^n (1 + q), q = expm1(r). The
// polynomials are the fits `exp32` and `exp64` of tools/minimax.py, within 2^-31 and 2^-60 of q.
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

// For x within a few times [kExpLow, kExpHigh], or NaN.
template <class V>
FASTDNN_INLINE ReducedExp<V> reduce_exp(typename V::Vec x) {
  using Vec = typename V::Vec;
  using L = Layout<typename V::Scalar>;
  constexpr auto kLog2e = static_cast<typename V::Scalar>(1.44269504088896340736);
  const Vec rounded = V::fma(x, broadcast<V>(kLog2e), broadcast<V>(L::kRound));
  const Vec n = rounded - L::kRound;
  const Vec high = V::fma(n, broadcast<V>(-L::kLn2High), x);  // exact
  const Vec r = V::fma(n, broadcast<V>(-L::kLn2Low), high);
  const Vec lost = V::fma(n, broadcast<V>(-L::kLn2Low), high - r);
  ReducedExp<V> reduced{reinterpret_cast<typename V::Int>(rounded) - L::kRoundBits, r, lost};
  if constexpr (sizeof(typename V::Scalar) == 4) {
    constexpr float kC[] = {1.9764331e-4f, 1.3932365e-3f, 8.3335433e-3f, 4.1666493e-2f, 1.6666666e-1f, 0.5f};
    reduced.tail = V::fma(polynomial<V>(r, kC), r * r, lost);
  } else {
    constexpr double kC[] = {2.091483135138041e-09,
                             2.5105419192016337e-08,
                             2.7557273295539724e-07,
                             2.75572549134867e-06,
                             2.4801587325822283e-05,
                             1.9841269871205077e-04,
                             1.388888888888367e-03,
                             8.333333333326025e-03,
                             4.166666666666667e-02,
                             1.666666666666667e-01,
                             0.5};
    reduced.tail = V::fma(polynomial<V>(r, kC), r * r, lost);
  }
  return reduced;
}

// Below 1 ulp for normal results; underflows gradually to 0, overflows to infinity; NaN stays NaN.
template <class V>
FASTDNN_INLINE typename V::Vec exp(typename V::Vec x) {
  using L = Layout<typename V::Scalar>;
  const auto e = reduce_exp<V>(clamp<V>(x, L::kExpLow, L::kExpHigh));
  return times_power_of_two<V>(1 + (e.r + e.tail), e.n);
}

// exp(x) - 1, relatively exact near 0; -0 and NaN stay. In halves, because 2^n may be just too large.
template <class V>
FASTDNN_INLINE typename V::Vec expm1(typename V::Vec x) {
  using Vec = typename V::Vec;
  using L = Layout<typename V::Scalar>;
  const auto e = reduce_exp<V>(clamp<V>(x, L::kExpm1Low, L::kExpHigh));
  const Vec half = power_of_two<V>(e.n - 1);
  const Vec y = 2 * V::fma(half, e.tail, V::fma(half, e.r, half - static_cast<typename V::Scalar>(0.5)));
  return abs<V>(x) < broadcast<V>(L::kLinear) ? x : y;
}

}  // namespace
}  // namespace fastdnn
