// The random words of the columns of a row: 16 blocks of Philox side by side.
#pragma once

#include "isa/philox.h"
#include "isa/table/random.h"

namespace fastdnn {
namespace {

constexpr int kRandomBlocks = 16;                // of Philox, side by side
constexpr int kRandomWords = 4 * kRandomBlocks;  // that they give

// words[16 q + b] = word q of block first + b, for the 16 blocks b from `first` of a row.
template <class V>
FASTDNN_INLINE void random_words(std::uint32_t* words, Index first, Index row, const RandomKey& key,
                                 const PhiloxKeys& keys) {
  using Wide = typename V::Wide;
  constexpr int kWide = V::kBytes / 8;
  Wide even{};
  for (int i = 0; i < kWide; ++i) even[i] = 2 * static_cast<std::uint64_t>(i);
  PhiloxLanes<V> counter;
  counter.word[1] = Wide{} + static_cast<std::uint64_t>(row);
  counter.word[2] = Wide{} + static_cast<std::uint64_t>(key.step);
  counter.word[3] = Wide{} + static_cast<std::uint64_t>(key.stream);
  for (int b = 0; b < kRandomBlocks; b += 2 * kWide) {
    counter.word[0] = even + static_cast<std::uint64_t>(first + b);
    const PhiloxLanes<V> low = philox<V>(counter, keys);
    counter.word[0] += 1;
    const PhiloxLanes<V> high = philox<V>(counter, keys);
    for (int q = 0; q < 4; ++q) {
      auto* to = reinterpret_cast<typename VectorTypes<std::uint64_t, V::kBytes>::Unaligned*>(
          words + kRandomBlocks * q + b);
      *to = (low.word[q] & 0xffffffffULL) | (high.word[q] << 32);
    }
  }
}

// The words from `words` on, one in each lane.
template <class V>
FASTDNN_INLINE typename V::Int word_lanes(const std::uint32_t* words) {
  using Half = typename VectorTypes<std::int32_t, 4 * V::kLanes>::Unaligned;
  const auto narrow = *reinterpret_cast<const Half*>(words);
  return __builtin_convertvector(narrow, typename V::Int);
}

}  // namespace
}  // namespace fastdnn
