// The max-norm constraint on a weight matrix.
//
// Computes   each column (axis 0) or row (axis 1) of w whose Euclidean norm is above `limit` is
//            multiplied with limit / norm; the others keep their bits
// Shapes     w (rows, cols)
// Requires   limit >= 0
// Shares     axis 0: columns in whole vectors of 64 bytes, rows are never cut among threads; axis 1: rows
// Numerics   own type. A column's squares are summed as in column_sum, a row's in virtual lanes. A norm
//            that is NaN is not above the limit: its column or row stays as it is. One that overflows
//            leaves zeros, and NaN where an infinity was
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void max_norm(Team& team, Matrix<T> w, T limit, int axis);

}  // namespace fastdnn
