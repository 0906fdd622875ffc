// Softmax and cross-entropy from logits, with its gradient in the same pass.
//
// Computes   sparse       row_loss[r] = log(sum_j exp z[r][j]) - z[r][labels[r]]
//                         dz[r][j] = scale w[r] (softmax(z)[r][j] - [j = labels[r]])
//            categorical  row_loss[r] = sum_j t[r][j] (log(sum exp z[r]) - z[r][j])
//                         dz[r][j] = scale w[r] (softmax(z)[r][j] sum t[r] - t[r][j])
// Shapes     row_loss (rows,) · dz, z, t (rows, cols), cols >= 1 · labels (rows,) int32 · w (rows,) or null,
// then 1 Requires   0 <= labels[r] < cols; dz may be empty (data null), then only the loss is computed; dz
// overlaps nothing Shares     rows, the same for the same number of rows Numerics   stable for any finite z
// (the maximum is subtracted); sums in 16 or 8 virtual lanes; row_loss has no weight
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void sparse_cross_entropy(Team& team, T* row_loss, Matrix<T> dz, Matrix<const T> z,
                          const std::int32_t* labels, const T* weights, T scale);

template <class T>
void categorical_cross_entropy(Team& team, T* row_loss, Matrix<T> dz, Matrix<const T> z,
                               Matrix<const T> target, const T* weights, T scale);

}  // namespace fastdnn
