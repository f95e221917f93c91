// One entry for every operator that libtorch's dispatcher knows.
#include "internal.h"
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <sstream>
#include <unordered_map>
using namespace swt;

namespace {
struct Operator {
  c10::OperatorHandle handle;
  const c10::FunctionSchema *schema;
};
const Operator &operator_of(swt_operator op) { return *reinterpret_cast<Operator *>(op); }

char *text(const std::string &string) {
  char *copy = strdup(string.c_str());
  TORCH_CHECK(copy, "out of memory");
  return copy;
}

template <class Element, class Source> c10::IValue list(const swt_value &value) {
  auto elements = static_cast<const Source *>(value.u.p);
  c10::List<Element> list;
  list.reserve(value.count);
  for (int32_t i = 0; i < value.count; i++)
    list.push_back(static_cast<Element>(elements[i]));
  return list;
}

// Numbers in a list of scalars keep their kind.
template <class Source> c10::IValue numbers(const swt_value &value, const c10::TypePtr &element) {
  auto elements = static_cast<const Source *>(value.u.p);
  c10::impl::GenericList list(element);
  list.reserve(value.count);
  for (int32_t i = 0; i < value.count; i++)
    list.push_back(c10::IValue(elements[i]));
  return list;
}

// The value as the argument's type wants it: an integer may stand for a float, a text for a device.
c10::IValue argument(const swt_value &value, const c10::TypePtr &declared) {
  const c10::Type *type = declared.get();
  if (value.tag != SWT_NONE && type->kind() == c10::TypeKind::OptionalType)
    type = static_cast<const c10::OptionalType *>(type)->getElementType().get();
  switch (value.tag) {
  case SWT_NONE:
    return {};
  case SWT_TENSOR: {
    auto tensor = static_cast<swt_tensor>(value.u.p);
    return borrow(tensor);
  }
  case SWT_INT:
    if (type->kind() == c10::TypeKind::FloatType)
      return static_cast<double>(value.u.i);
    return value.u.i;
  case SWT_DOUBLE:
    return value.u.d;
  case SWT_BOOL:
    return value.u.b;
  case SWT_STRING: {
    std::string string(static_cast<const char *>(value.u.p));
    if (type->kind() == c10::TypeKind::DeviceObjType)
      return c10::Device(string);
    return string;
  }
  case SWT_INTS:
  case SWT_DOUBLES: {
    TORCH_CHECK(type->kind() == c10::TypeKind::ListType, "expected ", type->repr_str(), ", got a list of numbers");
    auto element = static_cast<const c10::ListType *>(type)->getElementType();
    bool integers = value.tag == SWT_INTS;
    switch (element->kind()) {
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      TORCH_CHECK(integers || value.count == 0, "expected a list of integers");
      return list<int64_t, int64_t>(value);
    case c10::TypeKind::FloatType:
      return integers ? list<double, int64_t>(value) : list<double, double>(value);
    default:
      return integers ? numbers<int64_t>(value, element) : numbers<double>(value, element);
    }
  }
  case SWT_BOOLS:
    return list<bool, bool>(value);
  case SWT_TENSORS:
  case SWT_OPTIONAL_TENSORS: {
    auto tensors = static_cast<const swt_tensor *>(value.u.p);
    bool optional_elements =
        type->kind() == c10::TypeKind::ListType &&
        static_cast<const c10::ListType *>(type)->getElementType()->kind() == c10::TypeKind::OptionalType;
    if (optional_elements) {
      c10::List<std::optional<at::Tensor>> list;
      list.reserve(value.count);
      for (int32_t i = 0; i < value.count; i++)
        list.push_back(tensors[i] ? std::optional<at::Tensor>(borrow(tensors[i])) : std::nullopt);
      return list;
    }
    c10::List<at::Tensor> list;
    list.reserve(value.count);
    for (int32_t i = 0; i < value.count; i++) {
      TORCH_CHECK(tensors[i], "element ", i, " of a list of tensors is missing");
      list.push_back(borrow(tensors[i]));
    }
    return list;
  }
  case SWT_OBJECT:
    return *static_cast<c10::IValue *>(value.u.p);
  }
  TORCH_CHECK(false, "no value has tag ", value.tag);
}

template <class Element> void *array(size_t count) {
  void *memory = std::malloc(sizeof(Element) * (count + 1));
  TORCH_CHECK(memory, "out of memory");
  return memory;
}

swt_value result(c10::IValue &&value) {
  swt_value out{};
  if (value.isTensor()) {
    out.u.p = own(std::move(value).toTensor());
    out.tag = out.u.p ? SWT_TENSOR : SWT_NONE;
  } else if (value.isInt()) {
    out.tag = SWT_INT;
    out.u.i = value.toInt();
  } else if (value.isDouble()) {
    out.tag = SWT_DOUBLE;
    out.u.d = value.toDouble();
  } else if (value.isBool()) {
    out.tag = SWT_BOOL;
    out.u.b = value.toBool();
  } else if (value.isNone()) {
    out.tag = SWT_NONE;
  } else if (value.isString()) {
    out.tag = SWT_STRING;
    out.u.p = text(value.toStringRef());
  } else if (value.isIntList()) {
    auto list = value.toIntVector();
    out.tag = SWT_INTS;
    out.count = static_cast<int32_t>(list.size());
    out.u.p = array<int64_t>(list.size());
    std::copy(list.begin(), list.end(), static_cast<int64_t *>(out.u.p));
  } else if (value.isDoubleList()) {
    auto list = value.toDoubleVector();
    out.tag = SWT_DOUBLES;
    out.count = static_cast<int32_t>(list.size());
    out.u.p = array<double>(list.size());
    std::copy(list.begin(), list.end(), static_cast<double *>(out.u.p));
  } else if (value.isBoolList()) {
    auto list = value.toBoolList();
    out.tag = SWT_BOOLS;
    out.count = static_cast<int32_t>(list.size());
    out.u.p = array<bool>(list.size());
    for (size_t i = 0; i < list.size(); i++)
      static_cast<bool *>(out.u.p)[i] = list.get(i);
  } else if (value.isTensorList()) {
    auto list = value.toTensorVector();
    out.tag = SWT_OPTIONAL_TENSORS;
    out.count = static_cast<int32_t>(list.size());
    out.u.p = array<swt_tensor>(list.size());
    for (size_t i = 0; i < list.size(); i++)
      static_cast<swt_tensor *>(out.u.p)[i] = own(std::move(list[i]));
  } else {
    out.tag = SWT_OBJECT;
    out.u.p = new c10::IValue(std::move(value));
  }
  return out;
}
} // namespace

extern "C" {
swt_status swt_operator_find(const char *name, const char *overload, swt_operator *out) {
  return guard([&] {
    // Never destroyed, because threads may still call while the process ends.
    static auto &found = *new std::unordered_map<std::string, Operator>();
    static auto &mutex = *new std::mutex();
    auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
    TORCH_CHECK(handle, "libtorch has no operator ", name, *overload ? "." : "", overload);
    std::lock_guard<std::mutex> lock(mutex);
    auto &op =
        found.try_emplace(std::string(name) + "." + overload, Operator{*handle, &handle->schema()}).first->second;
    *out = reinterpret_cast<swt_operator>(&op);
  });
}

swt_status swt_operator_schema(swt_operator op, char **out) {
  return guard([&] {
    std::ostringstream stream;
    stream << *operator_of(op).schema;
    *out = text(stream.str());
  });
}

swt_status swt_operator_argument_names(swt_operator op, char **out) {
  return guard([&] {
    std::string names;
    for (auto &argument : operator_of(op).schema->arguments())
      names += argument.name() + "\n";
    *out = text(names);
  });
}

swt_status swt_operator_default(swt_operator op, int32_t index, swt_value *out) {
  return guard([&] {
    auto &value = operator_of(op).schema->arguments().at(index).default_value();
    TORCH_CHECK(value, "argument ", index, " of ", operator_of(op).schema->name(), " has no default");
    *out = result(c10::IValue(*value));
  });
}

swt_status swt_operator_call(swt_operator handle, const swt_value *arguments, int32_t argument_count,
                             swt_value *results, int32_t *result_count) {
  return guard([&] {
    const Operator &op = operator_of(handle);
    auto &formal = op.schema->arguments();
    TORCH_CHECK(static_cast<size_t>(argument_count) <= formal.size(), "takes ", formal.size(), " arguments, got ",
                argument_count);
    TORCH_CHECK(op.schema->returns().size() <= SWT_RESULT_LIMIT, "returns more than ", SWT_RESULT_LIMIT, " values");
    apply_threads();
    torch::jit::Stack stack;
    stack.reserve(std::max<size_t>(formal.size(), SWT_RESULT_LIMIT));
    for (int32_t i = 0; i < argument_count; i++)
      stack.push_back(argument(arguments[i], formal[i].type()));
    for (size_t i = argument_count; i < formal.size(); i++) {
      TORCH_CHECK(formal[i].default_value(), "argument '", formal[i].name(), "' is missing");
      stack.push_back(*formal[i].default_value());
    }
    op.handle.callBoxed(stack);
    *result_count = static_cast<int32_t>(stack.size());
    for (size_t i = 0; i < stack.size(); i++)
      results[i] = result(std::move(stack[i]));
  });
}

void swt_object_release(swt_object object) {
  guard([&] { delete reinterpret_cast<c10::IValue *>(object); });
}
}
