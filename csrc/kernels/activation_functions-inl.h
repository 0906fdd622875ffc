// The activations of activation_kind.h: forward(x, alpha) is f(x), backward(saved, dy, alpha) is dy f'(x),
// where `saved` is y, or x where that is said.
#pragma once

#include "isa/math.h"

namespace fastdnn {
namespace {

template <class V>
struct Relu {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  static FASTDNN_INLINE Vec forward(Vec x, T) { return x < Vec{} ? Vec{} : x; }
  static FASTDNN_INLINE Vec backward(Vec y, Vec dy, T) { return y <= Vec{} ? Vec{} : dy; }
};

template <class V>
struct LeakyRelu {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  static FASTDNN_INLINE Vec forward(Vec x, T alpha) { return x < Vec{} ? alpha * x : x; }
  static FASTDNN_INLINE Vec backward(Vec y, Vec dy, T alpha) { return y <= Vec{} ? alpha * dy : dy; }
};

template <class V>
struct Elu {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  static FASTDNN_INLINE Vec forward(Vec x, T alpha) { return x < Vec{} ? times_expm1<V>(alpha, x) : x; }
  static FASTDNN_INLINE Vec backward(Vec y, Vec dy, T alpha) { return y <= Vec{} ? dy * (y + alpha) : dy; }
};

template <class V>
struct Selu {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  // Klambauer et al. (2017): the fixed point of mean 0 and variance 1.
  static constexpr T kLambda = static_cast<T>(1.0507009873554804934);
  static constexpr T kLambdaAlpha = static_cast<T>(1.7580993408473768600);
  static FASTDNN_INLINE Vec forward(Vec x, T) {
    return x < Vec{} ? times_expm1<V>(kLambdaAlpha, x) : kLambda * x;
  }
  static FASTDNN_INLINE Vec backward(Vec y, Vec dy, T) {
    return dy * (y <= Vec{} ? y + kLambdaAlpha : broadcast<V>(kLambda));
  }
};

template <class V>
struct Sigmoid {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  static FASTDNN_INLINE Vec forward(Vec x, T) { return sigmoid<V>(x); }
  static FASTDNN_INLINE Vec backward(Vec y, Vec dy, T) { return dy * (y * (1 - y)); }
};

template <class V>
struct Tanh {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  static FASTDNN_INLINE Vec forward(Vec x, T) { return tanh<V>(x); }
  static FASTDNN_INLINE Vec backward(Vec y, Vec dy, T) { return dy * ((1 - y) * (1 + y)); }
};

template <class V>
struct Softplus {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  // max(x, 0) + log(1 + exp(-|x|)).
  static FASTDNN_INLINE Vec forward(Vec x, T) {
    return (x < Vec{} ? Vec{} : x) + log1p<V>(exp<V>(-abs<V>(x)));
  }
  // sigmoid(x) = 1 - exp(-y).
  static FASTDNN_INLINE Vec backward(Vec y, Vec dy, T) { return dy * -expm1<V>(-y); }
};

// x saved. sigmoid(x) + x sigmoid(x) (1 - sigmoid(x)).
template <class V>
struct Silu {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  static FASTDNN_INLINE Vec forward(Vec x, T) { return x_sigmoid<V>(x); }
  static FASTDNN_INLINE Vec backward(Vec x, Vec dy, T) {
    using L = Layout<T>;
    const Vec near = clamp<V>(x, L::kSigmoidLow, L::kSigmoidHigh);  // infinity times 0 shall be 0
    const Vec s = sigmoid<V>(near);
    return dy * (s * (1 + near * (1 - s)));
  }
};

// x saved. Phi(x) + x phi(x).
template <class V>
struct Gelu {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  static FASTDNN_INLINE Vec forward(Vec x, T) { return gelu<V>(x); }
  static FASTDNN_INLINE Vec backward(Vec x, Vec dy, T) {
    constexpr T kPeak = static_cast<T>(0.39894228040143267794);  // phi(0)
    constexpr T kHigh = Layout<T>::kNormalHigh;
    const Vec near = clamp<V>(x, -kHigh, kHigh);
    const auto tail = normal_tail<V>(abs<V>(near));
    const PowerOfTwo<V> power(tail.n);
    const Vec below = tail.high * power.first * power.second;
    const Vec density = kPeak * (1 + tail.q) * power.first * power.second;
    return dy * V::fma(near, density, x > Vec{} ? 1 - below : below);
  }
};

// x saved. F(x) + x F(x) (1 - F(x)) y'(x) for the logistic function F of y(x).
template <class V>
struct GeluTanh {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  static FASTDNN_INLINE Vec forward(Vec x, T) { return gelu_tanh<V>(x); }
  static FASTDNN_INLINE Vec backward(Vec x, Vec dy, T) {
    constexpr T kSlope = static_cast<T>(1.5957691216057307);        // sqrt(8 / pi)
    constexpr T kThreeCubes = static_cast<T>(0.21406444881780074);  // 3 sqrt(8 / pi) 0.044715
    constexpr T kHigh = Layout<T>::kGeluHigh;
    const Vec near = clamp<V>(x, -kHigh, kHigh);
    const auto tail = gelu_tanh_tail<V>(abs<V>(near));
    const Vec below = times_power_of_two<V>(tail.high, tail.n);
    const Vec slope = V::fma(near * near, broadcast<V>(kThreeCubes), broadcast<V>(kSlope));
    return dy * V::fma(near * slope, below * (1 - below), x > Vec{} ? 1 - below : below);
  }
};

// Without a gradient: the functions of the enum Function.
#define FASTDNN_FUNCTION(Name, name)                                                       \
  template <class V>                                                                       \
  struct Name {                                                                            \
    static FASTDNN_INLINE typename V::Vec forward(typename V::Vec x, typename V::Scalar) { \
      return name<V>(x);                                                                   \
    }                                                                                      \
  };
FASTDNN_FUNCTION(Exp, exp)
FASTDNN_FUNCTION(Expm1, expm1)
FASTDNN_FUNCTION(Log, log)
FASTDNN_FUNCTION(Log1p, log1p)
FASTDNN_FUNCTION(Erf, erf)
#undef FASTDNN_FUNCTION

}  // namespace
}  // namespace fastdnn
