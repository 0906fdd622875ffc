// Pointwise operations of a layer: bias, activations, and their gradients.
//
// Computes   add_bias             y = x + bias
//            activation_forward   y = f(x), f as in activation_kind.h
//            activation_backward  dx = dy f'(x), told from y where that can be, else from x: saves_input()
//            pass_gradient        dx = dy
//            The gradients are written, or added to what is there (`accumulate`).
// Shapes     y, x, dy, dx, saved (rows, cols) · bias (cols,)
// Requires   outputs may be the inputs themselves, not overlap them otherwise
// Shares     rows, the same for the same number of rows
// Numerics   f: NaN stays NaN, +-infinity gives the limit, results underflow gradually.
//            The error for every float is at most 2 ulp where |x f'(x) / f(x)| <= 4, else
//            2^-24 (2 |f(x)| + |x f'(x)|) and one smallest denormal. For double: 4 ulp, 2^-52 (...).
//            relu and leaky_relu round as the formula. f' is exact to a few roundings of its terms.
//            At the kink f' is the one of x < 0.
//            relu, leaky_relu, elu, selu: dx where y is NaN is that of y > 0.
#pragma once

#include "core/team.h"
#include "kernels/activation_kind.h"

namespace fastdnn {

// What `saved` of activation_backward is: x, or else y.
constexpr bool saves_input(Activation f) {
  return f == Activation::silu || f == Activation::gelu || f == Activation::gelu_tanh;
}

template <class T>
void add_bias(Team& team, Matrix<T> y, Matrix<const T> x, const T* bias);

template <class T>
void activation_forward(Team& team, Matrix<T> y, Matrix<const T> x, Activation f, T alpha = 0);

template <class T>
void activation_backward(Team& team, Matrix<T> dx, Matrix<const T> saved, Matrix<const T> dy, Activation f,
                         T alpha, bool accumulate);

template <class T>
void relu_forward(Team& team, Matrix<T> y, Matrix<const T> x);

template <class T>
void relu_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);

template <class T>
void pass_gradient(Team& team, Matrix<T> dx, Matrix<const T> dy, bool accumulate);

}  // namespace fastdnn
