// Cross-entropy from probabilities, with its gradient in the same pass,
// as Keras has it for from_logits=False.
//
// Computes   q[r][j] = y[r][j] / sum_k y[r][k], clipped to 1e-7 .. 1 - 1e-7
//            row_loss[r] = -sum_j t'[r][j] log q[r][j]
//            dy[r][j] = scale w[r] (A[r] / sum_k y[r][k] - a[r][j] t'[r][j] / y[r][j])
//            where a is 1 where q was not clipped, else 0, and A[r] = sum_j a[r][j] t'[r][j]; t' as in
//            cross_entropy.h, without smoothing for the sparse one
// Shapes     row_loss (rows,) · dy, y, t (rows, cols), cols >= 1 · labels (rows,) int32 ·
//            w (rows,) or null, then 1
// Requires   0 <= labels[r] < cols; dy may be empty (data null), then only the loss is computed,
//            or be y itself
// Shares     rows, the same for the same number of rows
// Numerics   sums in 16 or 8 virtual lanes; row_loss has no weight. log q of a q near 1 has the rounding
//            error of q, absolutely: where the logits are at hand, cross_entropy is the better one.
//            NaN or infinity in a row of y, or a row of the sum 0, make the row NaN
#pragma once

#include "kernels/cross_entropy.h"

namespace fastdnn {

template <class T>
void sparse_probability_cross_entropy(Team& team, T* row_loss, Matrix<T> dy, Matrix<const T> y,
                                      const std::int32_t* labels, const T* weights, T scale);

template <class T>
void categorical_probability_cross_entropy(Team& team, T* row_loss, Matrix<T> dy, Matrix<const T> y,
                                           Matrix<const T> target, const T* weights, T scale,
                                           const LabelSmoothing& smoothing = {});

}  // namespace fastdnn
