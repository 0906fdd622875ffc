// The rectifier whose slope below 0 is learned, one for each column.
//
// Computes   prelu_forward   y = alpha x where x < 0, else x
//            prelu_backward  dx = alpha dy where x <= 0, else dy; written or added
//            prelu_dalpha    dalpha[j] = sum over r of x[r][j] dy[r][j] where x[r][j] <= 0; written or added
// Shapes     y, x, dx, dy (rows, cols) · alpha, dalpha (cols,)
// Requires   y may be x; dx may be x or dy
// Shares     forward and backward: rows · dalpha: columns in whole vectors of 64 bytes
// Numerics   one rounding; the sum in the chunks of column_sum: the same bits for any cut. NaN passes
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void prelu_forward(Team& team, Matrix<T> y, Matrix<const T> x, const T* alpha);

template <class T>
void prelu_backward(Team& team, Matrix<T> dx, Matrix<const T> x, Matrix<const T> dy, const T* alpha,
                    bool accumulate);

template <class T>
void prelu_dalpha(Team& team, T* dalpha, Matrix<const T> x, Matrix<const T> dy, bool accumulate);

}  // namespace fastdnn
