/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program that shows that it runs. Statically linked. */
#include <unistd.h>

int main(void)
{
    return write(1, "", 1) != 1;
}
