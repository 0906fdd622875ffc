// The product of a sparse matrix and a dense one, and the gradient of the dense one. The sparse one is a
// source that lies in rows (CSR), read where it lies: only the entries are stored, those of row r are number
// starts[r] to starts[r + 1] - 1 of `columns` and of the values.
//
// Computes   csr_matmul     y[r] = bias + sum of x[order[r]][k] w[k] over the row's entries
//            csr_matmul_dw  dw[k] = sum of x[order[r]][k] dy[r] over rows and entries, or dw + that
//            Entries of a row stand in any order; those of one column add up
// Returns    whether all entries that this thread met are finite in y's type, and in columns that x has. Others
//            count as they are, and as 0: whoever changes the arrays meanwhile changes numbers and no addresses
// Shapes     x (any, K), values of any type, columns and starts both int32 or int64 · order (n,) int32 ·
//            y, dy (n, M) · w, dw (K, M) · bias (M,) or null
// Requires   0 <= order[r] < x.rows; K < 2^31. No overlap
// Shares     csr_matmul: rows of y. csr_matmul_dw: rows of dw; each thread goes through all entries and takes
//            its own. No sum is cut
// Numerics   an element is one chain over the entries in their order, rows first; it begins with the bias, 0,
//            or what is there. Values are rounded once to y's type. What is not stored takes no part: 0 times
//            an infinite weight is not NaN here
#pragma once

#include "core/team.h"
#include "isa/table/data.h"

namespace fastdnn {

template <class T>
bool csr_matmul(Team& team, Matrix<T> y, const Source& x, const std::int32_t* order, Matrix<const T> w,
                const T* bias);

template <class T>
bool csr_matmul_dw(Team& team, Matrix<T> dw, const Source& x, const std::int32_t* order, Matrix<const T> dy,
                   bool accumulate);

// An entry that is NaN or infinite in T.
struct NonFiniteEntry {
  bool found = false;
  Index column = 0;
  double value = 0;
};

// The first one of a row.
template <class T>
NonFiniteEntry csr_non_finite(const Source& x, Index row);

}  // namespace fastdnn
