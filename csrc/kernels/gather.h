// The rows of a mini-batch, in the order of the epoch's permutation.
//
// Computes   y[r] = x[order[r]]
// Shapes     y (rows, cols) · x (any, cols) · order (rows,) int32
// Requires   0 <= order[r] < x.rows; y does not overlap x
// Shares     rows of y, the same for the same number of rows
// Numerics   exact
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void gather(Team& team, Matrix<T> y, Matrix<const T> x, const std::int32_t* order);

}  // namespace fastdnn
