// The mathematics of a model: unfused operations on typed values, with a symbolic number of rows. Made by
// Python's lowering (fastdnn/program.py), never saved; a plan (plan.h) decides how it runs.
#pragma once

#include <string>
#include <vector>

#include "core/view.h"

namespace fastdnn {

// Where the elements of a value live.
enum class Role : std::uint8_t {
  source,     // fed from outside: inputs, targets, sample weights; `slot` is the source's index
  parameter,  // a segment of theta; `slot` is the segment's index
  gradient,   // the same segment of the gradient
  state,      // a segment of sigma
  computed,   // an operation's output
};

struct Value {
  std::string name;
  Role role = Role::computed;
  bool integer = false;  // int32 labels; everything else has the model's type
  Index rows = 0;        // 0: one row for each row of the batch
  Index cols = 0;
  int slot = -1;
};

// Operations, outputs first: y = kind(inputs...).
// The reference of each is the function of the same name in fastdnn/reference.
enum class OpKind : std::uint8_t {
  matmul,                              // y = x w
  add_bias,                            // y = x + b
  relu,                                // y = relu(x)
  softmax,                             // y = softmax(x)
  normalize,                           // y = (x - mean) / std
  sparse_cross_entropy,                // row_loss = f(z, labels)
  categorical_cross_entropy,           // row_loss = f(z, target)
  squared_error,                       // row_loss = f(y, target)
  sparse_accuracy,                     // row_correct = f(z, labels)
  categorical_accuracy,                // row_correct = f(z, target)
  matmul_dx,                           // dx = dy w^T
  matmul_dw,                           // dw = x^T dy
  column_sum,                          // db = sum of the rows of dy
  relu_backward,                       // dx = f(y, dy)
  softmax_backward,                    // dx = f(y, dy)
  normalize_backward,                  // dx = f(dy, std)
  pass_gradient,                       // dx = dy
  sparse_cross_entropy_backward,       // dz = f(z, labels[, weights])
  categorical_cross_entropy_backward,  // dz = f(z, target[, weights])
  squared_error_backward,              // dy = f(y, target[, weights])
};

const char* name_of(OpKind kind);
OpKind op_kind(const std::string& name);

struct Op {
  OpKind kind{};
  std::vector<int> inputs;
  int output = -1;
  bool accumulate = false;  // add to the output instead of writing it
};

// A figure of a step: the weighted sum over rows of a value of one column.
struct Result {
  std::string name;
  int value = -1;
  int weights = -1;  // a source of one column, or -1
  bool loss = false;
};

class Program {
 public:
  // Each checks what it is given and returns the new index.
  int add_value(Value value);
  int add_op(Op op);
  int add_result(Result result);
  void set_output(int value);

  const std::vector<Value>& values() const { return values_; }
  const std::vector<Op>& ops() const { return ops_; }
  const std::vector<Result>& results() const { return results_; }
  int output() const { return output_; }  // the prediction, or -1
  const Value& value(int index) const { return values_[static_cast<std::size_t>(index)]; }

 private:
  void check_value(int index, const char* what) const;

  std::vector<Value> values_;
  std::vector<Op> ops_;
  std::vector<bool> written_;
  std::vector<Result> results_;
  int output_ = -1;
};

}  // namespace fastdnn
