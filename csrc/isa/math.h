// exp and log of a vector, for float and double. Argument reduction and coefficients: S. Moshier, Cephes 2.8
// (expf.c, logf.c, exp.c, log.c). Below 2 ulp; NaN stays NaN, exp underflows gradually to 0 and overflows to
// infinity.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// The layout of a floating-point number, and the constants of the reductions.
template <class T>
struct Layout;
template <>
struct Layout<float> {
  static constexpr std::int32_t kMantissaBits = 23;
  static constexpr std::int32_t kBias = 127;
  static constexpr std::int32_t kMantissaMask = 0x007fffff;
  static constexpr std::int32_t kHalf = 0x3f000000;  // bits of 0.5
  static constexpr float kMinNormal = 1.17549435e-38f;
  static constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  static constexpr std::int32_t kRoundBits = 0x4b400000;
  static constexpr float kExpLow = -104.0f;        // exp is below half the smallest denormal
  static constexpr float kExpHigh = 89.0f;         // exp is above the largest finite number
  static constexpr float kLn2High = 0.693359375f;  // ln 2 in two parts; multiples of the first are exact
  static constexpr float kLn2Low = -2.12194440e-4f;
};
template <>
struct Layout<double> {
  static constexpr std::int64_t kMantissaBits = 52;
  static constexpr std::int64_t kBias = 1023;
  static constexpr std::int64_t kMantissaMask = 0x000fffffffffffff;
  static constexpr std::int64_t kHalf = 0x3fe0000000000000;
  static constexpr double kMinNormal = 2.2250738585072014e-308;
  static constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr std::int64_t kRoundBits = 0x4338000000000000;
  static constexpr double kExpLow = -746.0;
  static constexpr double kExpHigh = 710.0;
  static constexpr double kLn2High = 6.93145751953125e-1;
  static constexpr double kLn2Low = 1.42860682030941723212e-6;
};

// c[0] x^(N-1) + ... + c[N-1], by Horner's rule.
template <class V, int N>
FASTDNN_INLINE typename V::Vec polynomial(typename V::Vec x, const typename V::Scalar (&c)[N]) {
  typename V::Vec sum = broadcast<V>(c[0]);
#pragma GCC unroll 16
  for (int i = 1; i < N; ++i) sum = V::fma(sum, x, broadcast<V>(c[i]));
  return sum;
}

// exp(r) for |r| <= ln(2) / 2.
template <class V>
FASTDNN_INLINE typename V::Vec exp_reduced(typename V::Vec r) {
  using Vec = typename V::Vec;
  if constexpr (sizeof(typename V::Scalar) == 4) {
    constexpr float kC[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                            4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
    return V::fma(polynomial<V>(r, kC), r * r, r) + 1.0f;
  } else {  // 1 + 2 r P(r^2) / (Q(r^2) - r P(r^2))
    constexpr double kP[] = {1.26177193074810590878e-4, 3.02994407707441961300e-2, 9.99999999999999999910e-1};
    constexpr double kQ[] = {3.00198505138664455042e-6, 2.52448340349684104192e-3, 2.27265548208155028766e-1,
                             2.00000000000000000005e0};
    const Vec square = r * r;
    const Vec p = r * polynomial<V>(square, kP);
    return 1.0 + 2.0 * (p / (polynomial<V>(square, kQ) - p));
  }
}

template <class V>
FASTDNN_INLINE typename V::Vec exp(typename V::Vec x) {
  using Vec = typename V::Vec;
  using Int = typename V::Int;
  using L = Layout<typename V::Scalar>;
  x = x < broadcast<V>(L::kExpLow) ? broadcast<V>(L::kExpLow) : x;  // NaN passes both
  x = x > broadcast<V>(L::kExpHigh) ? broadcast<V>(L::kExpHigh) : x;
  constexpr auto kLog2e = static_cast<typename V::Scalar>(1.44269504088896340736);
  const Vec rounded = V::fma(x, broadcast<V>(kLog2e), broadcast<V>(L::kRound));
  const Int exponent = reinterpret_cast<Int>(rounded) - L::kRoundBits;
  const Vec n = rounded - L::kRound;
  Vec r = V::fma(n, broadcast<V>(-L::kLn2High), x);
  r = V::fma(n, broadcast<V>(-L::kLn2Low), r);
  // 2^exponent in two factors, each a normal number: the product may be denormal or infinite.
  const Int first = exponent >> 1;
  const Int second = exponent - first;
  const Vec scaled = exp_reduced<V>(r) * reinterpret_cast<Vec>((first + L::kBias) << L::kMantissaBits);
  return scaled * reinterpret_cast<Vec>((second + L::kBias) << L::kMantissaBits);
}

// log(1 + m) - m + m^2 / 2 for 1 + m in [sqrt(1/2), sqrt(2)).
template <class V>
FASTDNN_INLINE typename V::Vec log_remainder(typename V::Vec m) {
  const typename V::Vec cube = m * m * m;
  if constexpr (sizeof(typename V::Scalar) == 4) {
    constexpr float kC[] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                            -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                            2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
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

// The natural logarithm of a normal, positive, finite number, which is what sums of exponentials are (at
// least 1); infinity and NaN pass through.
template <class V>
FASTDNN_INLINE typename V::Vec log_normal(typename V::Vec x) {
  using Vec = typename V::Vec;
  using Int = typename V::Int;
  using L = Layout<typename V::Scalar>;
  const Int bits = reinterpret_cast<Int>(x);
  Int exponent = (bits >> L::kMantissaBits) - (L::kBias - 1);
  Vec m = reinterpret_cast<Vec>((bits & L::kMantissaMask) | L::kHalf);  // x = m 2^exponent, m in [1/2, 1)
  constexpr auto kSqrtHalf = static_cast<typename V::Scalar>(0.70710678118654752440);
  const Int low = m < broadcast<V>(kSqrtHalf);  // -1 where true
  exponent += low;
  m = (low ? m + m : m) - 1;
  const Vec e = reinterpret_cast<Vec>(exponent + L::kRoundBits) - L::kRound;
  Vec y = V::fma(e, broadcast<V>(L::kLn2Low), log_remainder<V>(m));
  y = V::fma(m * m, broadcast<V>(static_cast<typename V::Scalar>(-0.5)), y);
  y = V::fma(e, broadcast<V>(L::kLn2High), m + y);
  return x - x == Vec{} ? y : x;  // false for infinity and NaN
}

}  // namespace
}  // namespace fastdnn
