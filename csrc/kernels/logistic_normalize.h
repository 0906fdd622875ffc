// The logistic function of each output, normalised to the sum 1 over each row:
// an output layer beside softmax.
//
// Computes   logistic_normalize_forward   y[j] = s(x[j]) / sum_k s(x[k]), s(x) = 1 / (1 + exp(-x))
//            logistic_normalize_backward  dx[j] = y[j] s(-x[j]) (dy[j] - sum_k y[k] dy[k]), or dx + that
// Shapes     y, x, dx, dy (rows, cols), cols >= 1
// Requires   outputs may be the inputs themselves
// Shares     rows, the same for the same number of rows
// Numerics   sums in 16 (float) or 8 (double) virtual lanes; a row whose s(x) all underflow is shifted first
//            (see the text), so no finite x gives 0 / 0; -infinity counts 0 and +infinity 1; NaN in a row,
//            or nothing but -infinity, make the row NaN
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void logistic_normalize_forward(Team& team, Matrix<T> y, Matrix<const T> x);

template <class T>
void logistic_normalize_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> x,
                                 Matrix<const T> dy, bool accumulate);

}  // namespace fastdnn
