/* SPDX-License-Identifier: MIT */
/* A guest's use of fw_cfg: selected items, bytes, DMA requests. Never a write to memory that is not the host's. */
#include <stdlib.h>
#include <string.h>

#include "nutshell/host/fw_cfg.h"
#include "tests/mock/nutshell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIRST_PAGE 0x00110000ull
#define PRIVATE_PAGE 0x00112000ull

struct step {
	uint8_t operation, request, target, port;
	uint16_t key, offset;
	uint32_t control, length; /* big-endian, as they lie in memory */
	uint64_t raw;
};

static uint8_t kernel[0x1800], map[60];
static const struct mock_file files[] = {
	{ "etc/e820", map, sizeof(map) },
	{ "opt/nutshell/kernel", kernel, sizeof(kernel) },
	{ "opt/nutshell/cmdline", "quiet", 5 },
	{ "etc/boot/kernel", "kernel", 6 },
};

static uint64_t address(uint8_t selector, uint16_t offset, uint64_t raw)
{
	static const uint64_t edges[] = { 0, 0x9F000, 0xBF000, MOCK_LOW_END - PAGE_SIZE, MOCK_HIGH_END - PAGE_SIZE,
					  MOCK_LAUNCH_VMSA, 0xFFFFFFFFFFFFF000ull, 0xFEE00000ull };

	if (selector < 192)
		return FIRST_PAGE + selector % 4u * PAGE_SIZE + (offset & 0xFFFu);
	if (selector < 240)
		return edges[selector % ARRAY_SIZE(edges)] + (offset & 0xFFFu);
	return raw;
}

/* The request as far as it lies in RAM; the guest writes to its private pages, too. */
static void put_request(uint64_t at, const struct step *step)
{
	uint64_t target = __builtin_bswap64(address(step->target, (uint16_t)(step->offset >> 4), step->raw));
	uint8_t request[16];

	memcpy(request, &step->control, 4);
	memcpy(request + 4, &step->length, 4);
	memcpy(request + 8, &target, 8);
	for (uint64_t i = 0; i < sizeof(request); i++) {
		if (mock_rmp(at + i) != NULL && mock_rmp(at + i)->assigned == 0)
			mock_ram(at + i)[0] = request[i];
	}
}

static void run_step(const struct step *step)
{
	uint64_t at = address(step->request, step->offset, step->raw);

	switch (step->operation % 4u) {
	case 0:
		fw_cfg_select(step->key & 0x3Fu);
		break;
	case 1:
		for (uint32_t i = 0; i < (step->key & 0x3Fu); i++)
			(void)fw_cfg_read();
		break;
	default:
		put_request(at, step);
		fw_cfg_dma_write(FW_CFG_PORT_DMA, __builtin_bswap32((uint32_t)(at >> 32)));
		fw_cfg_dma_write(FW_CFG_PORT_DMA_LOW, __builtin_bswap32((uint32_t)at));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mock_files = files;
	mock_file_count = ARRAY_SIZE(files);
	memcpy(kernel, data, size < sizeof(kernel) ? size : sizeof(kernel));
	mock_restart();
	mock_give(PRIVATE_PAGE);
	for (size_t at = 0; at < size && at < 16 * sizeof(struct step); at += sizeof(struct step)) {
		struct step step = { 0 };

		memcpy(&step, data + at, size - at < sizeof(step) ? size - at : sizeof(step));
		step.length &= 0xFFFF0000u; /* below 64 KiB: the mock is slow */
		run_step(&step);
	}
	if (mock_trespass)
		abort();
	for (uint32_t i = 0; i < PAGE_SIZE; i++) {
		if (mock_ram(PRIVATE_PAGE)[i] != 0xA5)
			abort();
	}
	return 0;
}
