#include "swiftlet_media.h"
