// The mean squared error over the outputs of each row, with its gradient in the same pass.
//
// Computes   row_loss[r] = mean_j (y[r][j] - t[r][j])^2
//            dy[r][j] = scale w[r] 2 (y[r][j] - t[r][j]) / cols
// Shapes     row_loss (rows,) · dy, y, t (rows, cols) · w (rows,) or null, then 1
// Requires   dy may be empty (data null), then only the loss is computed, or be y itself
// Shares     rows, the same for the same number of rows
// Numerics   sums in 16 (float) or 8 (double) virtual lanes; row_loss has no weight
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void squared_error(Team& team, T* row_loss, Matrix<T> dy, Matrix<const T> y, Matrix<const T> target,
                   const T* weights, T scale);

}  // namespace fastdnn
