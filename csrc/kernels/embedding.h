// Rows of a trained table by index, and the gradient of the table.
//
// Computes   embedding                y[r][k dim + j] = table[index[r][k]][j] for k < per_row
//            list_rows                the distinct indices and where each stands
//            embedding_backward_rows  rows[u][j] = sum of dy[r][k dim + j] over the places (r, k) of index u
//            embedding_backward       the same sums in the rows `indices` of dtable, or added to them;
//                                     without `accumulate` the other rows become 0
// Shapes     y, dy (n, per_row dim) · table, dtable (any, dim) · index (n, per_row) int32 ·
//            rows (at least count, dim)
// Requires   0 <= index < table.rows; n per_row < 2^31. No overlap. list_rows is called by one thread,
//            for which the others wait
// Shares     embedding: rows of y. The gradient: distinct indices, in blocks of about as many places; the
//            zeros before, between and behind them likewise. No sum is cut
// Numerics   embedding: exact. A sum goes through the places in order, in y's type: chunks of 256 places,
//            chunk after chunk; the bits depend on nothing else. `accumulate` adds the finished sum
#pragma once

#include "core/team.h"
#include "isa/table/data.h"

namespace fastdnn {

template <class T>
void embedding(Team& team, Matrix<T> y, Matrix<const T> table, const std::int32_t* index, Index per_row);

// Fills the arrays of `list`, for n indices below `table_rows`:
// of n elements, `starts` of n + 1; scratch (2 n,).
void list_rows(RowList& list, std::uint64_t* scratch, const std::int32_t* index, Index n, Index table_rows);

template <class T>
void embedding_backward_rows(Team& team, Matrix<T> rows, Matrix<const T> dy, const RowList& list,
                             Index per_row);

template <class T>
void embedding_backward(Team& team, Matrix<T> dtable, Matrix<const T> dy, const RowList& list, Index per_row,
                        bool accumulate);

}  // namespace fastdnn
