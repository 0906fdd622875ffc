// The serial part of dropout.
#pragma once

#include "kernels/random_words-inl.h"

namespace fastdnn {
namespace {

constexpr Index kDropoutCols = 2 * kRandomWords;  // that the words serve: 16 bits each

// -1 in the lanes of columns that are kept: j is the first one's place among the 128 of the words.
template <class V>
FASTDNN_INLINE typename V::Int dropout_keeps(const std::uint32_t* words, Index j, std::int32_t threshold) {
  const typename V::Int word = word_lanes<V>(words + j % kRandomWords);
  return ((word >> (j < kRandomWords ? 0 : 16)) & 0xffff) >= threshold;
}

template <class V>
void dropout(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x, const DropoutMask& mask,
             bool accumulate) {
  using Vec = typename V::Vec;
  const PhiloxKeys keys(mask.key.seed);
  const auto scale = static_cast<typename V::Scalar>(65536.0 / (65536 - mask.threshold));
  alignas(64) std::uint32_t words[kRandomWords] = {};
  for (Index r = 0; r < y.rows; ++r) {
    for (Index begin = 0; begin < y.cols; begin += kDropoutCols) {
      if (mask.threshold > 0) {
        random_words<V>(words, begin / kDropoutCols * kRandomBlocks, mask.first_row + r, mask.key, keys);
      }
      const Index cols = y.cols - begin < kDropoutCols ? y.cols - begin : kDropoutCols;
      const auto* from = x.row(r) + begin;
      auto* to = y.row(r) + begin;
      for_vectors<V>(cols, [&](Index j, auto cover) {
        Vec value = dropout_keeps<V>(words, j, mask.threshold) ? cover.load(from + j) * scale : Vec{};
        if (accumulate) value = cover.load(to + j) + value;
        cover.store(to + j, value);
      });
    }
  }
}

}  // namespace
}  // namespace fastdnn
