// The serial part of batch_norm: moments and sums over rows.
// What is row-local stands in batch_norm_rows-inl.h.
#pragma once

#include "isa/table/normalization.h"
#include "kernels/batch_norm_rows-inl.h"

namespace fastdnn {
namespace {

// Rows whose moments are computed in two passes, the second one over registers: 16 vectors, the differences
// to the pivot. (Twice over memory, rows 4096 bytes apart would push each other out of the first cache.)
constexpr int kMomentRows = 16;

// Of a set of numbers, less the pivot: mean and sum of squared differences to the mean.
template <class V>
struct Moments {
  typename V::Vec mean, m2;
};

// How two sets of a and b numbers are joined.
template <class T>
struct JoinWeights {
  T mean;  // b / (a + b)
  T m2;    // a b / (a + b)
  FASTDNN_INLINE JoinWeights() : mean(0), m2(0) {}
  FASTDNN_INLINE JoinWeights(Index a, Index b) {
    const double share = static_cast<double>(b) / static_cast<double>(a + b);
    mean = static_cast<T>(share);
    m2 = static_cast<T>(static_cast<double>(a) * share);
  }
};

template <class V>
FASTDNN_INLINE Moments<V> join(const Moments<V>& a, const Moments<V>& b,
                               const JoinWeights<typename V::Scalar>& weights) {
  const typename V::Vec delta = b.mean - a.mean;
  return {V::fma(delta, broadcast<V>(weights.mean), a.mean),
          V::fma(delta * delta, broadcast<V>(weights.m2), a.m2 + b.m2)};
}

// Of `count` <= 16 rows, from row `begin`. `inverse` is 1 / count.
template <class V, class Cover>
FASTDNN_INLINE Moments<V> row_moments(Matrix<const typename V::Scalar> x, Index begin, int count,
                                      typename V::Scalar inverse, Index j, typename V::Vec pivot,
                                      const Cover& cover) {
  typename V::Vec d[kMomentRows];
  typename V::Vec sum[kMomentRows];
#pragma GCC unroll 16
  for (int i = 0; i < kMomentRows; ++i) {
    d[i] = i < count ? cover.load(x.row(begin + i) + j) - pivot : typename V::Vec{};
    sum[i] = d[i];
  }
#pragma GCC unroll 4
  for (int half = kMomentRows / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) sum[i] += sum[i + half];
  }
  const typename V::Vec mean = sum[0] * inverse;
  typename V::Vec m2[4] = {};
#pragma GCC unroll 16
  for (int i = 0; i < kMomentRows; ++i) {
    const typename V::Vec t = d[i] - mean;
    if (i < count) m2[i % 4] = V::fma(t, t, m2[i % 4]);
  }
  return {mean, (m2[0] + m2[1]) + (m2[2] + m2[3])};
}

// Calls pair(a, b, span) for sets a and b = a + span of 0..count-1, a taking in b: neighbours first, then
// pairs of pairs. The order is fixed by the number of sets; a is never the smaller one.
template <class Pair>
FASTDNN_INLINE void join_pairs(Index count, const Pair& pair) {
  for (Index span = 1; span < count; span *= 2) {
    for (Index a = 0; a + span < count; a += 2 * span) pair(a, a + span, span);
  }
}

// The weights of such a pair, where a set is `unit` rows, the last one what is left.
template <class T>
FASTDNN_INLINE JoinWeights<T> pair_weights(Index a, Index b, Index span, Index unit, Index rows) {
  const Index end = (b + span) * unit < rows ? (b + span) * unit : rows;
  return JoinWeights<T>((b - a) * unit, end - b * unit);
}

// partial: mean and M2 of one chunk, less the pivot.
template <class V>
void batch_norm_partials(Matrix<typename V::Scalar> partial, Matrix<const typename V::Scalar> x,
                         const typename V::Scalar* pivot) {
  using T = typename V::Scalar;
  constexpr int kMost = static_cast<int>(kBatchNormChunk / kMomentRows);
  const Index whole = x.rows / kMomentRows;
  const int rest = static_cast<int>(x.rows % kMomentRows);
  const Index sets = whole + (rest > 0 ? 1 : 0);
  const T inverse = rest > 0 ? T{1} / static_cast<T>(rest) : T{0};
  JoinWeights<T> weights[kMost];
  int pairs = 0;
  join_pairs(sets, [&](Index a, Index b, Index span) {
    weights[pairs++] = pair_weights<T>(a, b, span, kMomentRows, x.rows);
  });
  for_vectors<V>(x.cols, [&](Index j, auto cover) {
    const typename V::Vec p = cover.load(pivot + j);
    Moments<V> part[kMost];
    for (Index i = 0; i < whole; ++i) {
      part[i] = row_moments<V>(x, i * kMomentRows, kMomentRows, T{1} / kMomentRows, j, p, cover);
    }
    if (rest > 0) part[whole] = row_moments<V>(x, whole * kMomentRows, rest, inverse, j, p, cover);
    int number = 0;
    join_pairs(sets,
               [&](Index a, Index b, Index) { part[a] = join<V>(part[a], part[b], weights[number++]); });
    cover.store(partial.row(0) + j, part[0].mean);
    cover.store(partial.row(1) + j, part[0].m2);
  });
}

template <class V>
void batch_norm_moments(typename V::Scalar* mean, typename V::Scalar* variance, typename V::Scalar* rstd,
                        Matrix<typename V::Scalar> partial, const typename V::Scalar* pivot, Index rows,
                        typename V::Scalar epsilon) {
  using T = typename V::Scalar;
  join_pairs(partial.rows / 2, [&](Index a, Index b, Index span) {
    const JoinWeights<T> weights = pair_weights<T>(a, b, span, kBatchNormChunk, rows);
    for_vectors<V>(partial.cols, [&](Index j, auto cover) {
      const Moments<V> left{cover.load(partial.row(2 * a) + j), cover.load(partial.row(2 * a + 1) + j)};
      const Moments<V> right{cover.load(partial.row(2 * b) + j), cover.load(partial.row(2 * b + 1) + j)};
      const Moments<V> both = join<V>(left, right, weights);
      cover.store(partial.row(2 * a) + j, both.mean);
      cover.store(partial.row(2 * a + 1) + j, both.m2);
    });
  });
  for_vectors<V>(partial.cols, [&](Index j, auto cover) {
    const typename V::Vec var = cover.load(partial.row(1) + j) / static_cast<T>(rows);
    cover.store(mean + j, cover.load(pivot + j) + cover.load(partial.row(0) + j));
    cover.store(variance + j, var);
    cover.store(rstd + j, T{1} / V::sqrt(var + epsilon));
  });
}

// partial: the sums of g and of g (x - mean) over one chunk, four interleaved sums of each.
template <class V>
void batch_norm_backward_partials(Matrix<typename V::Scalar> partial, Matrix<const typename V::Scalar> y,
                                  Matrix<const typename V::Scalar> dy, Matrix<const typename V::Scalar> x,
                                  const typename V::Scalar* mean) {
  using Vec = typename V::Vec;
  for_vectors<V>(x.cols, [&](Index j, auto cover) {
    const Vec m = cover.load(mean + j);
    Vec sum[4] = {};
    Vec product[4] = {};
    const auto add = [&](Index r, int i) {
      const Vec g = through_relu<V>(y, dy, r, j, cover);
      sum[i] += g;
      product[i] = V::fma(g, cover.load(x.row(r) + j) - m, product[i]);
    };
    Index r = 0;
    for (; r + 4 <= x.rows; r += 4) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) add(r + i, i);
    }
    for (; r < x.rows; ++r) add(r, 0);
    cover.store(partial.row(0) + j, (sum[0] + sum[1]) + (sum[2] + sum[3]));
    cover.store(partial.row(1) + j, (product[0] + product[1]) + (product[2] + product[3]));
  });
}

template <class V>
void batch_norm_backward_sums(typename V::Scalar* dgamma, typename V::Scalar* dbeta,
                              Matrix<typename V::Scalar> partial, const typename V::Scalar* rstd) {
  join_pairs(partial.rows / 2, [&](Index a, Index b, Index) {
    for (Index i = 0; i < 2; ++i) {
      typename V::Scalar* into = partial.row(2 * a + i);
      const typename V::Scalar* other = partial.row(2 * b + i);
      for_vectors<V>(partial.cols, [&](Index j, auto cover) {
        cover.store(into + j, cover.load(into + j) + cover.load(other + j));
      });
    }
  });
  for_vectors<V>(partial.cols, [&](Index j, auto cover) {
    cover.store(dbeta + j, cover.load(partial.row(0) + j));
    cover.store(dgamma + j, cover.load(partial.row(1) + j) * cover.load(rstd + j));
  });
}

}  // namespace
}  // namespace fastdnn
