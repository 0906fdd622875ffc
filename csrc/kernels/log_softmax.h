// The logarithm of softmax over the features of each row.
//
// Computes   log_softmax_forward   y = (x - max x) - log sum exp(x - max x)
//            log_softmax_backward  dx = dy - exp(y) sum dy, or dx + that
// Shapes     y, x, dx, dy (rows, cols), cols >= 1
// Requires   outputs may be the inputs themselves
// Shares     rows, the same for the same number of rows
// Numerics   sums in 16 (float) or 8 (double) virtual lanes; no overflow for any finite x; an x of -infinity
//            has y = -infinity and gets no share of the gradient; NaN or +infinity in a row,
//            or nothing but -infinity, make the row NaN
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void log_softmax_forward(Team& team, Matrix<T> y, Matrix<const T> x);

template <class T>
void log_softmax_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);

}  // namespace fastdnn
