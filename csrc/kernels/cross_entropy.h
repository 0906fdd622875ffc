// Softmax and cross-entropy from logits, with its gradient in the same pass.
//
// Computes   row_loss[r] = sum_j t'[r][j] (log(sum_k exp z[r][k]) - z[r][j])
//            dz[r][j] = scale w[r] (softmax(z)[r][j] sum_k t'[r][k] - t'[r][j])
//            where t' = off + (on - off) t is the smoothed target (LabelSmoothing) and, for the sparse one,
//            t[r][j] = [j = labels[r]]
// Shapes     row_loss (rows,) · dz, z, t (rows, cols), cols >= 1 · labels (rows,) int32 ·
//            w (rows,) or null, then 1
// Requires   0 <= labels[r] < cols; dz may be empty (data null), then only the loss is computed,
//            or be z itself; cols >= 2 for smoothing by k - 1
// Shares     rows, the same for the same number of rows
// Numerics   stable for any finite z (the maximum is subtracted), and the loss is a sum of terms >= 0
//            for t >= 0; sums in 16 or 8 virtual lanes; row_loss has no weight. A z of -infinity has the
//            probability 0: no loss where its t' is 0, else an infinite one. NaN or +infinity in a row,
//            or nothing but -infinity, make the row NaN
#pragma once

#include "core/team.h"
#include "isa/table/loss.h"

namespace fastdnn {

// Label smoothing over k classes. by_k: 1 becomes 1 - epsilon + epsilon / k and 0 becomes epsilon / k;
// by_k_minus_1: 1 becomes 1 - epsilon and 0 becomes epsilon / (k - 1).
struct LabelSmoothing {
  enum class Mode : std::uint8_t { by_k, by_k_minus_1 };
  double epsilon = 0;
  Mode mode = Mode::by_k;
};

// The same as the kernels apply it: t' = slope t + offset.
template <class T>
SmoothedTarget<T> smoothed(const LabelSmoothing& smoothing, Index classes);

template <class T>
void sparse_cross_entropy(Team& team, T* row_loss, Matrix<T> dz, Matrix<const T> z,
                          const std::int32_t* labels, const T* weights, T scale,
                          const LabelSmoothing& smoothing = {});

template <class T>
void categorical_cross_entropy(Team& team, T* row_loss, Matrix<T> dz, Matrix<const T> z,
                               Matrix<const T> target, const T* weights, T scale,
                               const LabelSmoothing& smoothing = {});

}  // namespace fastdnn
