// Whether each row's outputs are right.
//
// Computes   sparse       row_correct[r] = 1 where argmax_j z[r][j] = labels[r], else 0
//            categorical  row_correct[r] = 1 where argmax_j z[r][j] = argmax_j t[r][j], else 0
//            The first of equal values counts as the largest; NaN never does, so a row of NaN is never right.
//            top_k        row_correct[r] = 1 where fewer than k of z[r] are larger than that of the right class,
//                         which is labels[r] or argmax_j t[r][j], else 0; NaN is not larger than anything, and
//                         as the right one's wrong
//            binary       row_correct[r] = share of j where z[r][j] > threshold as t[r][j] > target_threshold; a
//                         NaN in z is wrong
// Shapes     row_correct (rows,) · z, t (rows, cols), 1 <= cols <= kMostClasses · labels (rows,) int32
// Requires   nothing of labels: those that are no class are never right
// Shares     rows, the same for the same number of rows
// Numerics   exact, but for the one division of the binary share
#pragma once

#include "core/team.h"

namespace fastdnn {

constexpr Index kMostClasses = 1 << 24;  // indices that a float holds exactly

template <class T>
void sparse_accuracy(Team& team, T* row_correct, Matrix<const T> z, const std::int32_t* labels);

template <class T>
void categorical_accuracy(Team& team, T* row_correct, Matrix<const T> z, Matrix<const T> target);

template <class T>
void sparse_top_k_accuracy(Team& team, T* row_correct, Matrix<const T> z, const std::int32_t* labels,
                           Index k);

template <class T>
void categorical_top_k_accuracy(Team& team, T* row_correct, Matrix<const T> z, Matrix<const T> target,
                                Index k);

template <class T>
void binary_accuracy(Team& team, T* row_correct, Matrix<const T> z, Matrix<const T> target, T threshold,
                     T target_threshold);

}  // namespace fastdnn
