// The arrays that a program's sources read, of any type and layout, where they lie: the gather of a batch
// converts and checks them. They belong to the caller, who keeps them alive; what he writes there meanwhile
// changes numbers and nothing else. Integer sources, labels and the indices of tables, are copied and checked
// first, since they are used as addresses.
#pragma once

#include <optional>
#include <vector>

#include "core/aligned.h"
#include "engine/program.h"
#include "isa/table/data.h"

namespace fastdnn {

// A number that is NaN or infinite in the model's type. A row of -1: it was there when the batch was gathered
// and is no more.
struct NonFinite {
  int source = 0;
  Index row = -1;
  Index col = -1;
  double value = 0;
};

class Feed {
 public:
  // One array for each source of the program, by slot; integer ones of any type that holds whole numbers.
  Feed(const Program& program, Dtype dtype, const std::vector<Source>& arrays);

  Index rows() const { return rows_; }
  // Whether a source is: how much work its rows are, nobody knows.
  bool is_sparse() const;
  // The sources with row `first` as their row 0.
  std::vector<Source> at_row(Index first) const;
  // The first source with such a number among the rows first + order[0..n-1], its lowest row, the first
  // column. Reads them again, on one thread: for when a gather has seen one.
  NonFinite find_non_finite(Index first, const std::int32_t* order, Index n) const;

 private:
  Source own_indices(const Program& program, int value, const Source& array);
  template <class T>
  std::optional<NonFinite> find_in_sparse(int source, Index first, const std::int32_t* order, Index n) const;
  template <class T>
  std::optional<NonFinite> find_in(int source, Index first, const std::int32_t* order, Index n) const;

  Dtype dtype_;
  Index rows_ = 0;
  std::vector<Source> sources_;
  std::vector<bool> integer_;
  std::vector<AlignedBuffer> indices_;
};

}  // namespace fastdnn
