// Whether each row's largest output is the right one.
//
// Computes   sparse       row_correct[r] = 1 where argmax_j z[r][j] = labels[r], else 0
//            categorical  row_correct[r] = 1 where argmax_j z[r][j] = argmax_j t[r][j], else 0
//            The first of equal values counts as the largest; NaN never does, so a row of NaN is never right.
// Shapes     row_correct (rows,) · z, t (rows, cols), 1 <= cols <= kMostClasses · labels (rows,) int32
// Shares     rows, the same for the same number of rows
// Numerics   exact
#pragma once

#include "core/team.h"

namespace fastdnn {

constexpr Index kMostClasses = 1 << 24;  // indices that a float holds exactly

template <class T>
void sparse_accuracy(Team& team, T* row_correct, Matrix<const T> z, const std::int32_t* labels);

template <class T>
void categorical_accuracy(Team& team, T* row_correct, Matrix<const T> z, Matrix<const T> target);

}  // namespace fastdnn
