// The serial part of column_sum, and of other sums over rows.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// Rows are summed in chunks of this many, and the chunks one after the other: the error grows with 256 / 4 +
// n / 256 terms and not with n.
constexpr Index kColumnSumChunk = 256;

// The sum over r in [begin, end) of term(r).
template <class V, class Term>
FASTDNN_INLINE typename V::Vec sum_chunk(Index begin, Index end, const Term& term) {
  typename V::Vec sum[4] = {};
  Index r = begin;
  for (; r + 4 <= end; r += 4) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) sum[i] += term(r + i);
  }
  for (; r < end; ++r) sum[0] += term(r);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// Calls body(begin, end) for each chunk of 0..rows-1.
template <class Body>
FASTDNN_INLINE void for_chunks(Index rows, const Body& body) {
  for (Index begin = 0; begin < rows; begin += kColumnSumChunk) {
    body(begin, begin + kColumnSumChunk < rows ? begin + kColumnSumChunk : rows);
  }
}

// One vector of columns after another, its sums in registers.
template <class V, class Term>
FASTDNN_INLINE void sum_narrow_columns(typename V::Scalar* sums, Index rows, Index cols, bool accumulate,
                                       const Term& term) {
  using Vec = typename V::Vec;
  for_vectors<V>(cols, [&](Index j, auto cover) {
    Vec total = accumulate ? cover.load(sums + j) : Vec{};
    for_chunks(rows, [&](Index begin, Index end) {
      total += sum_chunk<V>(begin, end, [&](Index r) -> Vec { return term(r, j, cover); });
    });
    cover.store(sums + j, total);
  });
}

// Columns whose sums lie in the first-level cache, 1 KiB of them for each of the four rows that are added at a time.
constexpr Index kWideBytes = 1024;

// Row after row, as they lie in memory. Each column is added in the same order as above.
template <class V, class Term>
FASTDNN_INLINE void sum_wide_columns(typename V::Scalar* sums, Index rows, Index cols, bool accumulate,
                                     const Term& term) {
  using Vec = typename V::Vec;
  constexpr Index kVectors = kWideBytes / V::kBytes;
  for (Index block = 0; block < cols; block += kVectors * V::kLanes) {
    const Index width = cols - block < kVectors * V::kLanes ? cols - block : kVectors * V::kLanes;
    Vec total[kVectors];
    for_vectors<V>(width, [&](Index j, auto cover) {
      total[j / V::kLanes] = accumulate ? cover.load(sums + block + j) : Vec{};
    });
    for_chunks(rows, [&](Index begin, Index end) {
      Vec sum[4][kVectors] = {};
      Index r = begin;
      for (; r + 4 <= end; r += 4) {
        for_vectors<V>(width, [&](Index j, auto cover) {
#pragma GCC unroll 4
          for (int i = 0; i < 4; ++i) sum[i][j / V::kLanes] += term(r + i, block + j, cover);
        });
      }
      for (; r < end; ++r) {
        for_vectors<V>(width,
                       [&](Index j, auto cover) { sum[0][j / V::kLanes] += term(r, block + j, cover); });
      }
      for (Index v = 0; v < kVectors; ++v) total[v] += (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]);
    });
    for_vectors<V>(width, [&](Index j, auto cover) { cover.store(sums + block + j, total[j / V::kLanes]); });
  }
}

// sums[j] = sum over r of term(r, j), or sums[j] + that.
template <class V, class Term>
FASTDNN_INLINE void sum_columns(typename V::Scalar* sums, Index rows, Index cols, bool accumulate,
                                const Term& term) {
  // Down a few lines the hardware follows by itself; of rows longer than that each visit would be to another page.
  if (cols * static_cast<Index>(sizeof(typename V::Scalar)) <= kWideBytes) {
    sum_narrow_columns<V>(sums, rows, cols, accumulate, term);
  } else {
    sum_wide_columns<V>(sums, rows, cols, accumulate, term);
  }
}

template <class V>
void column_sum(typename V::Scalar* sums, Matrix<const typename V::Scalar> x, bool accumulate) {
  sum_columns<V>(sums, x.rows, x.cols, accumulate,
                 [&](Index r, Index j, auto cover) -> typename V::Vec { return cover.load(x.row(r) + j); });
}

}  // namespace
}  // namespace fastdnn
