// The serial part of column_sum, and of other sums over rows.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// Rows are summed in chunks of this many, and the chunks one after the other:
// the error grows with 256 / 4 + n / 256 terms and not with n.
constexpr Index kColumnSumChunk = 256;

// How many rows are added at a time.
template <int kRows>
struct RowsAtOnce {
  static constexpr int kCount = kRows;
};

// sum + term(r) + ... + term(r + count - 1), four at a time; count is 4 or 1.
template <class V, int kCount, class Term>
FASTDNN_INLINE typename V::Vec add_rows(typename V::Vec sum, Index r, const Term& term) {
  if constexpr (kCount == 4) return sum + ((term(r) + term(r + 1)) + (term(r + 2) + term(r + 3)));
  return sum + term(r);
}

// Calls body(begin, end) for each chunk of 0..rows-1.
template <class Body>
FASTDNN_INLINE void for_chunks(Index rows, const Body& body) {
  for (Index begin = 0; begin < rows; begin += kColumnSumChunk) {
    body(begin, begin + kColumnSumChunk < rows ? begin + kColumnSumChunk : rows);
  }
}

// Calls body(r, count) for the rows of a chunk, four at a time and then one by one.
template <class Body>
FASTDNN_INLINE void for_fours(Index begin, Index end, const Body& body) {
  Index r = begin;
  for (; r + 4 <= end; r += 4) body(r, RowsAtOnce<4>{});
  for (; r < end; ++r) body(r, RowsAtOnce<1>{});
}

// One vector of columns after another, its sum in a register.
template <class V, class Term>
FASTDNN_INLINE void sum_narrow_columns(typename V::Scalar* sums, Index rows, Index cols, bool accumulate,
                                       const Term& term) {
  using Vec = typename V::Vec;
  for_vectors<V>(cols, [&](Index j, auto cover) {
    Vec total = accumulate ? cover.load(sums + j) : Vec{};
    for_chunks(rows, [&](Index begin, Index end) {
      Vec sum{};
      for_fours(begin, end, [&](Index r, auto at_once) {
        sum = add_rows<V, at_once.kCount>(sum, r, [&](Index row) -> Vec { return term(row, j, cover); });
      });
      total += sum;
    });
    cover.store(sums + j, total);
  });
}

// Columns whose sums lie in the first-level cache, beside the rows that pass through.
constexpr Index kWideBytes = 4096;

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
      Vec sum[kVectors] = {};
      for_fours(begin, end, [&](Index r, auto at_once) {
        for_vectors<V>(width, [&](Index j, auto cover) {
          Vec& own = sum[j / V::kLanes];
          own = add_rows<V, at_once.kCount>(own, r,
                                            [&](Index row) -> Vec { return term(row, block + j, cover); });
        });
      });
      for (Index v = 0; v < kVectors; ++v) total[v] += sum[v];
    });
    for_vectors<V>(width, [&](Index j, auto cover) { cover.store(sums + block + j, total[j / V::kLanes]); });
  }
}

constexpr Index kNarrowBytes = 512;  // of a row, beyond which it is read as a whole

// sums[j] = sum over r of term(r, j), or sums[j] + that.
template <class V, class Term>
FASTDNN_INLINE void sum_columns(typename V::Scalar* sums, Index rows, Index cols, bool accumulate,
                                const Term& term) {
  // Down a few lines the hardware follows by itself; of rows longer than that each visit would be to another page.
  if (cols * static_cast<Index>(sizeof(typename V::Scalar)) <= kNarrowBytes) {
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
