// The squared error of each row, with its gradient in the same pass:
// an elementwise_loss with its options by name.
//
// Computes   row_loss[r] = c sum_j (y[r][j] - t[r][j])^2
//            dy[r][j] = scale w[r] 2 c (y[r][j] - t[r][j])
//            c = 1 / cols for the mean over the outputs, 1 for their sum; half of that on request
// The rest   is said in elementwise_loss.h
#pragma once

#include "kernels/elementwise_loss.h"

namespace fastdnn {

enum class Outputs : std::uint8_t { mean, sum };

template <class T>
void squared_error(Team& team, T* row_loss, Matrix<T> dy, Matrix<const T> y, Matrix<const T> target,
                   const T* weights, T scale, bool half = false, Outputs outputs = Outputs::mean);

}  // namespace fastdnn
