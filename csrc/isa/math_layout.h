// What the functions of isa/math_*.h share: the layout of numbers, polynomials, powers of two.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// The layout of a floating-point number, and the constants of the reductions.
template <class T>
struct Layout;
template <>
struct Layout<float> {
  static constexpr std::int32_t kSign = INT32_MIN;
  static constexpr std::int32_t kUpperHalf = -(1 << 12);  // the 12 upper of 24 bits: their square is exact
  static constexpr std::int32_t kMantissaBits = 23;
  static constexpr std::int32_t kBias = 127;
  static constexpr std::int32_t kSqrtHalfBits = 0x3f3504f3;
  static constexpr float kMinNormal = 1.17549435e-38f;
  static constexpr float kMakeNormal = 16777216.0f;  // makes a denormal number normal
  static constexpr std::int32_t kMakeNormalBits = 24;
  static constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  static constexpr std::int32_t kRoundBits = 0x4b400000;
  static constexpr float kExpLow = -104.0f;        // exp is below half the smallest denormal
  static constexpr float kExpm1Low = -18.0f;       // exp - 1 rounds to -1
  static constexpr float kSigmoidLow = -110.0f;    // |x| sigmoid(x) is below half the smallest denormal
  static constexpr float kSigmoidHigh = 18.0f;     // sigmoid is 1
  static constexpr float kTanhHigh = 10.0f;        // tanh is 1
  static constexpr float kNormalHigh = 14.6f;      // x Phi(-x) is below half the smallest denormal
  static constexpr float kGeluHigh = 10.8f;        // the same of its approximation
  static constexpr float kExpHigh = 89.0f;         // exp is above the largest finite number
  static constexpr float kLn2High = 0.693359375f;  // ln 2 in two parts; multiples of the first are exact
  static constexpr float kLn2Low = -2.12194440e-4f;
  static constexpr float kLinear = 2.98023224e-8f;  // 2^-25: below, f(x) = x + O(x^2) is x
};
template <>
struct Layout<double> {
  static constexpr std::int64_t kSign = INT64_MIN;
  static constexpr std::int64_t kUpperHalf = -(1 << 27);  // 26 of 53
  static constexpr std::int64_t kMantissaBits = 52;
  static constexpr std::int64_t kBias = 1023;
  static constexpr std::int64_t kSqrtHalfBits = 0x3fe6a09e667f3bcd;
  static constexpr double kMinNormal = 2.2250738585072014e-308;
  static constexpr double kMakeNormal = 18014398509481984.0;
  static constexpr std::int64_t kMakeNormalBits = 54;
  static constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr std::int64_t kRoundBits = 0x4338000000000000;
  static constexpr double kExpLow = -746.0;
  static constexpr double kExpm1Low = -38.0;
  static constexpr double kSigmoidLow = -755.0;
  static constexpr double kSigmoidHigh = 40.0;
  static constexpr double kTanhHigh = 22.0;
  static constexpr double kNormalHigh = 38.7;
  static constexpr double kGeluHigh = 21.7;
  static constexpr double kExpHigh = 710.0;
  static constexpr double kLn2High = 6.93145751953125e-1;
  static constexpr double kLn2Low = 1.42860682030941723212e-6;
  static constexpr double kLinear = 5.5511151231257827e-17;  // 2^-54
};

// c[0] x^(N-1) + ... + c[N-1], by Horner's rule.
template <class V, int N>
FASTDNN_INLINE typename V::Vec polynomial(typename V::Vec x, const typename V::Scalar (&c)[N]) {
  typename V::Vec sum = broadcast<V>(c[0]);
#pragma GCC unroll 32
  for (int i = 1; i < N; ++i) sum = V::fma(sum, x, broadcast<V>(c[i]));
  return sum;
}

// 2^n for each n of a normal number.
template <class V>
FASTDNN_INLINE typename V::Vec power_of_two(typename V::Int n) {
  using L = Layout<typename V::Scalar>;
  return reinterpret_cast<typename V::Vec>((n + L::kBias) << L::kMantissaBits);
}

// x 2^n for x near 1 and any 2^n that is finite or not: in two factors, each a normal number, so that only
// the last product rounds, to a denormal number or to infinity.
template <class V>
FASTDNN_INLINE typename V::Vec times_power_of_two(typename V::Vec x, typename V::Int n) {
  if constexpr (V::kOwnMath) {
    return V::scale(x, n);
  } else {
    const typename V::Int first = n >> 1;
    return x * power_of_two<V>(first) * power_of_two<V>(n - first);
  }
}

// Whole numbers of at most kMantissaBits - 2 bits as floating-point numbers.
template <class V>
FASTDNN_INLINE typename V::Vec whole(typename V::Int n) {
  using L = Layout<typename V::Scalar>;
  return reinterpret_cast<typename V::Vec>(n + L::kRoundBits) - L::kRound;
}

template <class V>
FASTDNN_INLINE typename V::Vec clamp(typename V::Vec x, typename V::Scalar low, typename V::Scalar high) {
  const typename V::Vec lowest = broadcast<V>(low);
  const typename V::Vec highest = broadcast<V>(high);
  if constexpr (V::kOwnMath) {
    return V::clamp(x, lowest, highest);
  } else {
    x = x < lowest ? lowest : x;  // NaN passes both
    return x > highest ? highest : x;
  }
}

template <class V>
FASTDNN_INLINE typename V::Vec abs(typename V::Vec x) {
  using Int = typename V::Int;
  return reinterpret_cast<typename V::Vec>(reinterpret_cast<Int>(x) & ~Layout<typename V::Scalar>::kSign);
}

// x with the lower half of its bits cut off.
template <class V>
FASTDNN_INLINE typename V::Vec upper_half(typename V::Vec x) {
  using Int = typename V::Int;
  return reinterpret_cast<typename V::Vec>(reinterpret_cast<Int>(x) & Layout<typename V::Scalar>::kUpperHalf);
}

// The sign of `sign` on x >= 0.
template <class V>
FASTDNN_INLINE typename V::Vec with_sign_of(typename V::Vec sign, typename V::Vec x) {
  using Int = typename V::Int;
  const Int bit = reinterpret_cast<Int>(sign) & Layout<typename V::Scalar>::kSign;
  return reinterpret_cast<typename V::Vec>(reinterpret_cast<Int>(x) | bit);
}

}  // namespace
}  // namespace fastdnn
