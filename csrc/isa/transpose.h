// A square of vectors, turned or folded in registers.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// Of two rows that lie kStep apart in the square: the blocks of kStep lanes that change places between them.
template <class V, int kStep, bool kSecond, std::size_t... l>
FASTDNN_INLINE typename V::Vec exchanged(typename V::Vec a, typename V::Vec b, Lanes<l...>) {
  constexpr std::size_t step = kStep;
  constexpr std::size_t lanes = V::kLanes;
  if constexpr (kSecond) {
    return shuffle<V, ((l & step) != 0 ? lanes + l : l + step)...>(a, b);
  } else {
    return shuffle<V, ((l & step) != 0 ? lanes + l - step : l)...>(a, b);
  }
}

// rows[i][j] becomes rows[j][i], in log2(kLanes) rounds of butterflies.
template <class V, int kStep = 1>
FASTDNN_INLINE void transpose(typename V::Vec (&rows)[V::kLanes]) {
  using All = typename LanesBelow<V::kLanes>::Type;
#pragma GCC unroll 16
  for (int i = 0; i < V::kLanes; ++i) {
    if ((i & kStep) != 0) continue;
    const typename V::Vec a = rows[i];
    const typename V::Vec b = rows[i + kStep];
    rows[i] = exchanged<V, kStep, false>(a, b, All{});
    rows[i + kStep] = exchanged<V, kStep, true>(a, b, All{});
  }
  if constexpr (2 * kStep < V::kLanes) transpose<V, 2 * kStep>(rows);
}

// Lane i of the result is fold<V>(rows[i], combine), to the bit: as many folds at once as there are lanes,
// for one combination each. The rows are scratch afterwards.
template <class V, int kHalf = V::kLanes / 2, class Combine>
FASTDNN_INLINE typename V::Vec fold_rows(typename V::Vec (&rows)[V::kLanes], const Combine& combine) {
  using All = typename LanesBelow<V::kLanes>::Type;
#pragma GCC unroll 8
  for (int i = 0; i < kHalf; ++i) {
    const typename V::Vec a = rows[i];
    const typename V::Vec b = rows[i + kHalf];
    rows[i] = combine(exchanged<V, kHalf, false>(a, b, All{}), exchanged<V, kHalf, true>(a, b, All{}));
  }
  if constexpr (kHalf > 1) return fold_rows<V, kHalf / 2>(rows, combine);
  return rows[0];
}

}  // namespace
}  // namespace fastdnn
