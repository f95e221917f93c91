#include "swiftlet_torch.h"
