// The arrays that a program's sources read. They belong to the caller, who keeps them alive and in place;
// labels are copied and checked, since they are used as indices.
#pragma once

#include <vector>

#include "core/aligned.h"
#include "engine/program.h"

namespace fastdnn {

// x (rows, cols), contiguous.
struct SourceArray {
  const void* data = nullptr;
  Dtype dtype = Dtype::f32;
  Index rows = 0;
  Index cols = 0;
};

class Feed {
 public:
  // One array for each source of the program, by slot.
  Feed(const Program& program, Dtype dtype, const std::vector<SourceArray>& arrays);

  Index rows() const { return rows_; }
  // The bytes of row `first` of each source.
  std::vector<const std::byte*> at_row(Index first) const;

 private:
  struct Source {
    const std::byte* data;
    Index row_bytes;
  };
  Index rows_ = 0;
  std::vector<Source> sources_;
  std::vector<AlignedBuffer> labels_;
};

}  // namespace fastdnn
