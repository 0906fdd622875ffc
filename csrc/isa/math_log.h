// log and log1p. x = 2^e (1 + m) with 1 + m in [sqrt(1/2), sqrt(2)). float: the fit `log32` of
// csrc/isa/minimax.py, within 2^-30 of log(1 + m). double: S. Moshier, Cephes 2.8, log.c.
#pragma once

#include "isa/math_layout.h"

namespace fastdnn {
namespace {

// log(1 + m) - m + m^2 / 2 for 1 + m in [sqrt(1/2), sqrt(2)).
template <class V>
FASTDNN_INLINE typename V::Vec log_remainder(typename V::Vec m) {
  const typename V::Vec cube = m * m * m;
  if constexpr (sizeof(typename V::Scalar) == 4) {
    constexpr float kC[] = {6.7489125e-2f, -1.16706274e-1f, 1.1883927e-1f, -1.2406176e-1f, 1.4220312e-1f,
                            -1.666799e-1f, 2.0002073e-1f,   -2.500001e-1f, 3.3333313e-1f};
    return cube * polynomial<V>(m, kC);
  } else {
    constexpr double kP[] = {1.01875663804580931796e-4, 4.97494994976747001425e-1, 4.70579119878881725854e0,
                             1.44989225341610930846e1,  1.79368678507819816313e1,  7.70838733755885391666e0};
    constexpr double kQ[] = {1.0,
                             1.12873587189167450590e1,
                             4.52279145837532221105e1,
                             8.29875266912776603211e1,
                             7.11544750618563894466e1,
                             2.31251620126765340583e1};
    return cube * (polynomial<V>(m, kP) / polynomial<V>(m, kQ));
  }
}

// log(1 + m) + e ln 2.
template <class V>
FASTDNN_INLINE typename V::Vec log_from(typename V::Vec m, typename V::Vec e) {
  using Vec = typename V::Vec;
  using L = Layout<typename V::Scalar>;
  Vec y = V::fma(e, broadcast<V>(L::kLn2Low), log_remainder<V>(m));
  y = V::fma(m * m, broadcast<V>(static_cast<typename V::Scalar>(-0.5)), y);
  return V::fma(e, broadcast<V>(L::kLn2High), m + y);
}

// e of a normal, positive number.
template <class V>
FASTDNN_INLINE typename V::Int log_exponent(typename V::Vec x) {
  using L = Layout<typename V::Scalar>;
  return (reinterpret_cast<typename V::Int>(x) - L::kSqrtHalfBits) >> L::kMantissaBits;
}

// The natural logarithm of a normal, positive number, which is what sums of exponentials are (at least 1);
// infinity and NaN pass through. Below 1 ulp.
template <class V>
FASTDNN_INLINE typename V::Vec log_normal(typename V::Vec x) {
  using Vec = typename V::Vec;
  using Int = typename V::Int;
  using L = Layout<typename V::Scalar>;
  const Int e = log_exponent<V>(x);
  const Vec m = reinterpret_cast<Vec>(reinterpret_cast<Int>(x) - (e << L::kMantissaBits)) - 1;
  const Vec y = log_from<V>(m, whole<V>(e));
  return x < broadcast<V>(__builtin_inf()) ? y : x;
}

// The natural logarithm; -infinity of 0, NaN of what is negative.
template <class V>
FASTDNN_INLINE typename V::Vec log(typename V::Vec x) {
  using Vec = typename V::Vec;
  using Int = typename V::Int;
  using L = Layout<typename V::Scalar>;
  const Int tiny = x < broadcast<V>(L::kMinNormal);  // -1 where true
  const Vec normal = tiny ? x * L::kMakeNormal : x;
  const Int e = log_exponent<V>(normal);
  const Vec m = reinterpret_cast<Vec>(reinterpret_cast<Int>(normal) - (e << L::kMantissaBits)) - 1;
  const Vec y = log_from<V>(m, whole<V>(e + (tiny & -L::kMakeNormalBits)));
  const Vec none = x == Vec{} ? broadcast<V>(-__builtin_inf()) : broadcast<V>(__builtin_nan(""));
  return x > Vec{} ? (x < broadcast<V>(__builtin_inf()) ? y : x) : none;
}

// log(1 + x), relatively exact near 0; -0 stays; -infinity of -1, NaN below.
template <class V>
FASTDNN_INLINE typename V::Vec log1p(typename V::Vec x) {
  using Vec = typename V::Vec;
  using Int = typename V::Int;
  using T = typename V::Scalar;
  using L = Layout<T>;
  const Int e = log_exponent<V>(1 + x);
  // m = 2^-e (1 + x) - 1, which rounds once and not at all near 0; with 2^(2-e), since 2^-e may be too small.
  const Vec scale = power_of_two<V>(2 - e);
  const Vec m = V::fma(scale, static_cast<T>(0.25) * x, static_cast<T>(0.25) * scale - 1);
  const Vec y = abs<V>(x) < broadcast<V>(L::kLinear) ? x : log_from<V>(m, whole<V>(e));
  const Vec none = x == broadcast<V>(-1) ? broadcast<V>(-__builtin_inf()) : broadcast<V>(__builtin_nan(""));
  return x > broadcast<V>(-1) ? (x < broadcast<V>(__builtin_inf()) ? y : x) : none;
}

}  // namespace
}  // namespace fastdnn
