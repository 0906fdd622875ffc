// The normal distribution function, by which erf and gelu are made,
// and its approximation by a logistic function.
#pragma once

#include "isa/math_sigmoid.h"

namespace fastdnn {
namespace {

// A probability 2^n (middle + p) (1 + q), and what its sums lose: 2^n (high + low).
// exp(-t^2 / 2) is 2^n (1 + q) where it is Phi(-t).
template <class V>
struct Tail {
  typename V::Vec high, low, q;
  typename V::Int n;
};

// Only one sum rounds at the size of the result: `high`.
template <class V>
FASTDNN_INLINE Tail<V> tail_of(typename V::Vec middle, typename V::Vec p, const ReducedExp<V>& e) {
  using Vec = typename V::Vec;
  const Vec ratio = middle + p;
  const Vec rest = V::fma(e.r, ratio, V::fma(e.tail, ratio, p));
  const Vec high = middle + rest;
  return {high, rest - (high - middle), e.r + e.tail, e.n};
}

// x times a tail; gradual where it underflows.
template <class V>
FASTDNN_INLINE typename V::Vec times_tail(typename V::Vec x, const Tail<V>& tail) {
  return times_power_of_two<V>(V::fma(x, tail.high, x * tail.low), tail.n);
}

// The squares of t's upper half are exact: -t^2 / 2 as x + low of reduce_exp.
template <class V>
FASTDNN_INLINE ReducedExp<V> reduce_exp_of_square(typename V::Vec t) {
  using Vec = typename V::Vec;
  constexpr auto kHalf = static_cast<typename V::Scalar>(-0.5);
  const Vec upper = upper_half<V>(t);
  return reduce_exp<V>(kHalf * (upper * upper), kHalf * ((t - upper) * (t + upper)));
}

// Where the fits for small t end: the condition of gelu(-t), and of its tanh form, is beyond 4 from 2.08 on.
constexpr float kNear = 2.125f;

// Two fits for float, of [0, 1] and of [1, kNear], in powers of t - center,
// which is exact or nearly so; the last coefficients are `middle`.
template <class V>
struct NearRatio {
  typename V::Vec middle, p;
};
template <class V, int N>
FASTDNN_INLINE NearRatio<V> near_ratio(typename V::Vec t, float low_center, float mid_center,
                                       const float (&low)[N], const float (&mid)[N]) {
  using Vec = typename V::Vec;
  const auto is_low = t < broadcast<V>(1);
  const Vec d = t - (is_low ? broadcast<V>(low_center) : broadcast<V>(mid_center));
  Vec sum = is_low ? broadcast<V>(low[0]) : broadcast<V>(mid[0]);
#pragma GCC unroll 32
  for (int i = 1; i < N - 1; ++i) {
    sum = V::fma(sum, d, is_low ? broadcast<V>(low[i]) : broadcast<V>(mid[i]));
  }
  return {is_low ? broadcast<V>(low[N - 1]) : broadcast<V>(mid[N - 1]), d * sum};
}

// Phi(-t), 0 <= t <= kNormalHigh, or NaN. Phi(-t) exp(t^2 / 2) is fitted (csrc/isa/minimax.py): for float by
// `normal_low32` and `normal_mid32` where t is small, good to 2^-28, and by `normal_far32` in 1 / t, good to
// 2^-26 times a quarter of gelu's condition; for double by `normal64` in (t - 1) / (t + 5), good to 2^-54.
template <class V>
FASTDNN_INLINE Tail<V> normal_tail(typename V::Vec t) {
  using Vec = typename V::Vec;
  const auto e = reduce_exp_of_square<V>(t);
  if constexpr (sizeof(typename V::Scalar) == 4) {
    constexpr float kLow[] = {0.00033584834f, -0.0012575758f, 0.0036308642f, -0.01005371f, 0.026004286f,
                              -0.061533913f,  0.13061687f,    -0.2410442f,   0.36539578f};
    constexpr float kMid[] = {2.2669698e-05f, -9.38642e-05f, 0.00032753925f, -0.0011349976f, 0.0037351898f,
                              -0.011517224f,  0.032937028f,  -0.08601545f,   0.20027317f};
    constexpr float kFar[] = {-1.5081164f,  3.9488292f,  -4.228071f,     2.0962236f,
                              -0.10723928f, -0.3922255f, -0.0001635239f, 0.39894176f};
    const auto near = near_ratio<V>(t, 0.43212890625f, 1.5625f, kLow, kMid);
    const Vec v = 1 / t;
    const auto is_near = t < broadcast<V>(kNear);
    const Vec p = is_near ? near.p : v * polynomial<V>(v, kFar);
    return tail_of<V>(is_near ? near.middle : Vec{}, p, e);
  } else {
    constexpr double kC[] = {
        -1.7668975410628032e-05, 0.00012946294626969834, -0.000384464562011029,  0.0005606277590674945,
        -0.0003924416591785754,  0.0002347496158304741,  -0.00037476644513049,   -0.00012595312176085253,
        0.0009377859739962935,   0.0010173534034652592,  -0.0031181206753116107, -0.004692512179768946,
        0.013016119201719294,    0.0161770212500741,     -0.07109150350431598,   0.003266985137098452,
        0.37482257899808924,     -1.0309623176642233,    1.622890441309766,      -1.7709612661575305,
        1.411673528700797,       -0.8241839312178558};
    const Vec h = (t - 1) / (t + 5);
    return tail_of<V>(broadcast<V>(0.2615782918651234), h * polynomial<V>(h, kC), e);
  }
}

// 1 / (1 + exp(y(t))) with y(t) = sqrt(8 / pi) (t + 0.044715 t^3), which is near Phi(-t);
// 0 <= t <= kGeluHigh, or NaN. For float and small t as normal_tail, by the fits `gelu_tanh_low32` and
// `gelu_tanh_mid32`. Else by exp(-y), where the first product of y is exact: sqrt(8 / pi) is split, too.
template <class V>
FASTDNN_INLINE Tail<V> gelu_tanh_tail(typename V::Vec t) {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  constexpr bool kFloat = sizeof(T) == 4;
  constexpr T kHigh = static_cast<T>(kFloat ? 1.595703125 : 1.5957691073417664);
  constexpr T kLow = static_cast<T>(kFloat ? 6.599660573071176e-05 : 1.426396435433791e-08);
  constexpr T kCube = static_cast<T>(0.07135481627260025);
  constexpr T kCubeLow = static_cast<T>(kFloat ? 2.3988645e-09 : 0.0);
  const Vec upper = upper_half<V>(t);
  const Vec square = upper * upper;
  const Vec square_low = (t - upper) * (t + upper);
  const Vec slope = V::fma(square, broadcast<V>(kCubeLow), broadcast<V>(kLow));
  // y = main + cube + the rest, and y, y_low the sum of main and cube and what it loses.
  const Vec main = kHigh * upper;
  const Vec cube = t * (square * kCube);
  const Vec y = main + cube;
  const Vec part = y - cube;
  const Vec rest = V::fma(t, V::fma(square_low, broadcast<V>(kCube), slope), kHigh * (t - upper));
  const Vec y_low = ((main - part) + (cube - (y - part))) + rest;
  if constexpr (kFloat) {
    constexpr float kLowFit[] = {0.00033610608f, -0.0013922428f, 0.004096854f, -0.011399639f, 0.028691808f,
                                 -0.067139216f,  0.14123632f,    -0.2553519f,  0.37862167f};
    constexpr float kMidFit[] = {2.1563497e-05f, -0.00010530871f, 0.00048320167f,
                                 -0.0013018354f, 0.0036878465f,   -0.015032995f,
                                 0.035069056f,   -0.09306682f,    0.20981035f};
    const auto near = near_ratio<V>(t, 0.37890625f, 1.4609375f, kLowFit, kMidFit);
    const auto is_near = t < broadcast<V>(kNear);
    const auto e = reduce_exp<V>(is_near ? -0.5f * square : -y, is_near ? -0.5f * square_low : -y_low);
    const PowerOfTwo<V> power(e.n);
    const Vec far = 1 / (1 + power.first * power.second * (1 + (e.r + e.tail)));
    return tail_of<V>(is_near ? near.middle : Vec{}, is_near ? near.p : far, e);
  } else {
    const auto e = reduce_exp<V>(-y, -y_low);
    const PowerOfTwo<V> power(e.n);
    return tail_of<V>(Vec{}, 1 / (1 + power.first * power.second * (1 + (e.r + e.tail))), e);
  }
}

// x F(x) = max(x, 0) - |x| F(-|x|) of a distribution function F with F(x) + F(-x) = 1, tail(t) = F(-t).
template <class V, class F>
FASTDNN_INLINE typename V::Vec x_times(typename V::Vec x, typename V::Scalar high, const F& tail) {
  using Vec = typename V::Vec;
  const Vec near = clamp<V>(x, -high, high);
  const Vec product = times_tail<V>(near, tail(abs<V>(near)));
  return x > Vec{} ? x - product : product;
}

// x Phi(x).
template <class V>
FASTDNN_INLINE typename V::Vec gelu(typename V::Vec x) {
  return x_times<V>(x, Layout<typename V::Scalar>::kNormalHigh,
                    [](typename V::Vec t) { return normal_tail<V>(t); });
}

// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
template <class V>
FASTDNN_INLINE typename V::Vec gelu_tanh(typename V::Vec x) {
  return x_times<V>(x, Layout<typename V::Scalar>::kGeluHigh,
                    [](typename V::Vec t) { return gelu_tanh_tail<V>(t); });
}

// (erf(x) - x) / x of s = x^2, |x| <= 0.81: the fits `erf32` and `erf64`,
// which make erf(x) good to 2^-27.9 and 2^-55.3.
template <class V>
FASTDNN_INLINE typename V::Vec erf_remainder(typename V::Vec s) {
  if constexpr (sizeof(typename V::Scalar) == 4) {
    constexpr float kC[] = {-0.00065051805f, 0.0050815116f, -0.026819604f,
                            0.112831116f,    -0.37612605f,  0.12837917f};
    return polynomial<V>(s, kC);
  } else {
    constexpr double kC[] = {-9.107321067339702e-10, 1.4287366090754487e-08,  -1.631575921805092e-07,
                             1.645902060805438e-06,  -1.4925523444508197e-05, 0.00012055329497795956,
                             -0.000854832696036818,  0.00522397762471715,     -0.026866170645082038,
                             0.11283791670954953,    -0.3761263890318375,     0.1283791670955126};
    return polynomial<V>(s, kC);
  }
}

// Odd; near 0 x + x P(x^2), else 1 - 2 Phi(-sqrt(2) x), which forgives the rounding of sqrt(2) x.
template <class V>
FASTDNN_INLINE typename V::Vec erf(typename V::Vec x) {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  using L = Layout<T>;
  const Vec t = abs<V>(x);
  const Vec small = V::fma(erf_remainder<V>(t * t), t, t);
  const Vec far = static_cast<T>(1.41421356237309504880) * t;
  const auto tail = normal_tail<V>(far > broadcast<V>(L::kNormalHigh) ? broadcast<V>(L::kNormalHigh) : far);
  const Vec large = 1 - times_tail<V>(broadcast<V>(2), tail);
  return with_sign_of<V>(x, t < broadcast<V>(static_cast<T>(0.8)) ? small : large);
}

}  // namespace
}  // namespace fastdnn
