// The gradient of a bias.
//
// Computes   sums[j] = sum over r of x[r][j], or sums[j] + that
// Shapes     sums (cols,) · x (rows, cols)
// Requires   sums does not overlap x
// Shares     columns in whole vectors of 64 bytes; rows are never cut among threads
// Numerics   own type; chunks of 256 rows, of four rows at a time, chunk after chunk:
//            the same bits for any cut
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void column_sum(Team& team, T* sums, Matrix<const T> x, bool accumulate);

}  // namespace fastdnn
