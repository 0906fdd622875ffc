// The serial part of dropout.
#pragma once

#include "isa/philox.h"
#include "isa/table/random.h"

namespace fastdnn {
namespace {

constexpr int kDropoutBlocks = 16;                 // of Philox, side by side
constexpr int kDropoutWords = 4 * kDropoutBlocks;  // that they give
constexpr Index kDropoutCols = 2 * kDropoutWords;  // that these serve: 16 bits each

// words[16 q + b] = word q of block first + b, for the 16 blocks b from `first` of a row.
template <class V>
FASTDNN_INLINE void dropout_words(std::uint32_t* words, Index first, Index row, const RandomKey& key,
                                  const PhiloxKeys& keys) {
  using Wide = typename V::Wide;
  constexpr int kWide = V::kBytes / 8;
  Wide even{};
  for (int i = 0; i < kWide; ++i) even[i] = 2 * static_cast<std::uint64_t>(i);
  PhiloxLanes<V> counter;
  counter.word[1] = Wide{} + static_cast<std::uint64_t>(row);
  counter.word[2] = Wide{} + static_cast<std::uint64_t>(key.step);
  counter.word[3] = Wide{} + static_cast<std::uint64_t>(key.stream);
  for (int b = 0; b < kDropoutBlocks; b += 2 * kWide) {
    counter.word[0] = even + static_cast<std::uint64_t>(first + b);
    const PhiloxLanes<V> low = philox<V>(counter, keys);
    counter.word[0] += 1;
    const PhiloxLanes<V> high = philox<V>(counter, keys);
    for (int q = 0; q < 4; ++q) {
      auto* to = reinterpret_cast<typename VectorTypes<std::uint64_t, V::kBytes>::Unaligned*>(
          words + kDropoutBlocks * q + b);
      *to = (low.word[q] & 0xffffffffULL) | (high.word[q] << 32);
    }
  }
}

// -1 in the lanes of columns that are kept: j is the first one's place among the 128 of the words.
template <class V>
FASTDNN_INLINE typename V::Int dropout_keeps(const std::uint32_t* words, Index j, std::int32_t threshold) {
  using Int = typename V::Int;
  using Half = typename VectorTypes<std::int32_t, 4 * V::kLanes>::Unaligned;
  const auto narrow = *reinterpret_cast<const Half*>(words + j % kDropoutWords);
  const Int word = __builtin_convertvector(narrow, Int);
  return ((word >> (j < kDropoutWords ? 0 : 16)) & 0xffff) >= threshold;
}

template <class V>
void dropout(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x, const DropoutMask& mask,
             bool accumulate) {
  using Vec = typename V::Vec;
  const PhiloxKeys keys(mask.key.seed);
  const auto scale = static_cast<typename V::Scalar>(65536.0 / (65536 - mask.threshold));
  alignas(64) std::uint32_t words[kDropoutWords] = {};
  for (Index r = 0; r < y.rows; ++r) {
    for (Index begin = 0; begin < y.cols; begin += kDropoutCols) {
      if (mask.threshold > 0) {
        dropout_words<V>(words, begin / kDropoutCols * kDropoutBlocks, mask.first_row + r, mask.key, keys);
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
