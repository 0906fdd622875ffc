#include "core/philox.h"

#include <numeric>
#include <utility>

namespace fastdnn {

PhiloxBlock philox(PhiloxBlock c, std::array<std::uint32_t, 2> key) {
  // The multipliers and the Weyl increments of the paper.
  constexpr std::uint64_t kMultiply0 = 0xD2511F53U;
  constexpr std::uint64_t kMultiply1 = 0xCD9E8D57U;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;  // the golden ratio
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;  // sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = kMultiply0 * c[0];
    const std::uint64_t p1 = kMultiply1 * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32U) ^ c[1] ^ key[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32U) ^ c[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return c;
}

PhiloxBlock random_block(std::uint64_t seed, std::uint32_t stream, std::uint32_t step, std::uint64_t block) {
  return philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32U), step, stream},
                {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)});
}

void random_uniform(double* out, Index n, Index first, std::uint64_t seed, std::uint32_t stream,
                    std::uint32_t step) {
  for (Index i = 0; i < n; i += 2) {
    const PhiloxBlock words = random_block(seed, stream, step, static_cast<std::uint64_t>((first + i) / 2));
    for (Index j = i; j < n && j < i + 2; ++j) {
      const auto w = 2 * static_cast<std::size_t>(j - i);
      const std::uint64_t bits = (std::uint64_t{words[w]} << 21U) | (words[w + 1] >> 11U);
      out[j] = (static_cast<double>(static_cast<std::int64_t>(bits)) + 0.5) * 0x1p-53;
    }
  }
}

__extension__ using Wide = unsigned __int128;  // for the high word of a product

void random_permutation(std::int32_t* order, Index n, std::uint64_t seed, std::uint32_t epoch) {
  std::iota(order, order + n, 0);
  PhiloxBlock block{};
  for (Index i = n - 1; i > 0; --i) {
    const auto draw = static_cast<std::uint64_t>(n - 1 - i);  // two draws to a block
    if (draw % 2 == 0)
      block = random_block(seed, static_cast<std::uint32_t>(Stream::shuffle), epoch, draw / 2);
    const std::size_t half = 2 * (draw % 2);
    const std::uint64_t r = block[half] | (static_cast<std::uint64_t>(block[half + 1]) << 32U);
    const auto j = static_cast<Index>((static_cast<Wide>(r) * static_cast<std::uint64_t>(i + 1)) >> 64U);
    std::swap(order[i], order[j]);
  }
}

}  // namespace fastdnn
