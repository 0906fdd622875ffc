// Pointwise operations of a layer: bias, relu, and their gradients.
//
// Computes   add_bias       y = x + bias
//            relu_forward   y = 0 where x < 0, else x (NaN stays NaN)
//            relu_backward  dx = 0 where y <= 0, else dy
//            pass_gradient  dx = dy
//            The gradients are written, or added to what is there (`accumulate`).
// Shapes     y, x, dy, dx (rows, cols) · bias (cols,)
// Requires   outputs may be the inputs themselves, not overlap them otherwise
// Shares     rows, the same for the same number of rows
// Numerics   exact, but for the rounding of one addition
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void add_bias(Team& team, Matrix<T> y, Matrix<const T> x, const T* bias);

template <class T>
void relu_forward(Team& team, Matrix<T> y, Matrix<const T> x);

template <class T>
void relu_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);

template <class T>
void pass_gradient(Team& team, Matrix<T> dx, Matrix<const T> dy, bool accumulate);

}  // namespace fastdnn
