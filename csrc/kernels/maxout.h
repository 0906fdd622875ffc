// The largest of several numbers: of k pieces for each output, and of a row.
//
// Computes   maxout_forward   y[r][j] = max over p < k of x[r][p n + j]
//            maxout_backward  dx[r][p n + j] = dy[r][j] for the first p with the largest, else 0;
//                             written or added
//            hardmax          y[r][j] = 1 for the first j with the largest x[r][j], else 0
// Shapes     maxout: y, dy (rows, n) · x, dx (rows, k n), k >= 1 · hardmax: y, x (rows, cols), cols >= 1
//            Piece p is a block of n columns, as if k layers of n outputs lay side by side: what Goodfellow
//            et al. (2013) call z_ij, i < n, j < k, is column j n + i.
// Requires   dx may be x; hardmax's y may be x. hardmax has no gradient
// Shares     rows, the same for the same number of rows
// Numerics   exact. maxout: NaN is larger than all numbers; hardmax: a row with NaN becomes NaN
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void maxout_forward(Team& team, Matrix<T> y, Matrix<const T> x);

template <class T>
void maxout_backward(Team& team, Matrix<T> dx, Matrix<const T> x, Matrix<const T> dy, bool accumulate);

template <class T>
void hardmax(Team& team, Matrix<T> y, Matrix<const T> x);

}  // namespace fastdnn
