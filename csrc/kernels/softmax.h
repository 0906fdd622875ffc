// Softmax over the features of each row.
//
// Computes   softmax_forward   y = exp(x - max x) / sum exp(x - max x)
//            softmax_backward  dx = y (dy - sum y dy), or dx + that
// Shapes     y, x, dx, dy (rows, cols), cols >= 1
// Requires   outputs may be the inputs themselves
// Shares     rows, the same for the same number of rows
// Numerics   sums in 16 (float) or 8 (double) virtual lanes; no overflow for any finite x;
//            NaN or +infinity in a row make the row NaN
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void softmax_forward(Team& team, Matrix<T> y, Matrix<const T> x);

template <class T>
void softmax_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);

}  // namespace fastdnn
