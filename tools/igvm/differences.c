/* SPDX-License-Identifier: MIT */
#include "differences.h"

#include <stdlib.h>
#include <string.h>

#include "content.h"

bool content_is_measured(uint8_t type)
{
	return type == SNP_PAGE_TYPE_NORMAL || type == SNP_PAGE_TYPE_VMSA;
}

struct side {
	const struct source *source;
	struct steps steps;   /* in the order of the launch */
	struct step *sorted; /* by address */
};

static int compare_steps(const void *a, const void *b)
{
	const struct step *left = a, *right = b;

	if (left->gpa != right->gpa)
		return left->gpa < right->gpa ? -1 : 1;
	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static int open_side(struct side *side, const struct source *source, uint32_t mask, enum loader loader)
{
	struct igvm_error error;
	int result;

	side->source = source;
	side->sorted = NULL;
	result = steps_collect(&source->file, mask, loader, &side->steps, &error);
	if (result != 0) {
		report_igvm_error(source->path, &error);
		return result;
	}
	side->sorted = allocate(side->steps.count * sizeof(*side->sorted));
	if (side->steps.count != 0) {
		memcpy(side->sorted, side->steps.step, side->steps.count * sizeof(*side->sorted));
		qsort(side->sorted, side->steps.count, sizeof(*side->sorted), compare_steps);
	}
	return 0;
}

static const uint8_t *content(const struct side *side, const struct step *step)
{
	uint32_t type = step->type == SNP_PAGE_TYPE_VMSA ? IGVM_VHT_VP_CONTEXT : IGVM_VHT_PAGE_DATA;
	struct igvm_variable_header raw;

	memcpy(&raw, side->source->file.data + step->offset, sizeof(raw));
	if ((raw.type & ~IGVM_TYPE_OPTIONAL) != type || step->type == SNP_PAGE_TYPE_SECRETS)
		return NULL; /* parameters, and what the processor fills */
	return content_of_directive(side->source, step->offset, type, step->gpa);
}

static bool continues(const struct difference *last, const struct difference *next)
{
	return last->kind == next->kind && last->gpa + last->pages * PAGE_SIZE == next->gpa &&
	       last->type[0] == next->type[0] && last->type[1] == next->type[1];
}

static void add(struct differences *differences, const struct difference *difference)
{
	struct difference *last = differences->count != 0 ? &differences->list[differences->count - 1] : NULL;

	differences->pages[difference->kind] += difference->pages;
	if (last != NULL && continues(last, difference)) {
		last->pages += difference->pages;
		last->bytes += difference->bytes;
		return;
	}
	if (differences->list == NULL || differences->count == differences->capacity) {
		differences->capacity = differences->capacity != 0 ? 2 * differences->capacity : 64;
		differences->list = reallocate(differences->list, differences->capacity * sizeof(*difference));
	}
	differences->list[differences->count++] = *difference;
}

static void compare_content(struct difference *difference)
{
	const uint8_t *a = difference->content[0], *b = difference->content[1];

	if (a == NULL || b == NULL)
		return;
	for (uint64_t i = PAGE_SIZE; i-- > 0;) {
		if (a[i] != b[i]) {
			difference->bytes++;
			difference->first_byte = difference->gpa + i;
		}
	}
}

static void compare_pages(const struct side side[2], const struct step *a, const struct step *b,
			  struct differences *differences)
{
	struct difference difference = { .gpa = a->gpa, .pages = 1, .type = { a->type, b->type } };

	difference.content[0] = content(&side[0], a);
	difference.content[1] = content(&side[1], b);
	difference.kind = a->type != b->type ? OTHER_TYPE : OTHER_CONTENT;
	compare_content(&difference);
	if (difference.kind == OTHER_TYPE || difference.bytes != 0)
		add(differences, &difference);
}

static void add_only(const struct side *side, const struct step *step, unsigned which, struct differences *differences)
{
	struct difference difference = { .kind = which == 0 ? ONLY_FIRST : ONLY_SECOND, .gpa = step->gpa, .pages = 1 };

	difference.type[which] = step->type;
	difference.content[which] = content(side, step);
	add(differences, &difference);
}

static void compare_memory(const struct side side[2], struct differences *differences)
{
	size_t i = 0, j = 0;

	while (i < side[0].steps.count && j < side[1].steps.count) {
		const struct step *a = &side[0].sorted[i], *b = &side[1].sorted[j];

		if (a->gpa == b->gpa)
			compare_pages(side, a, b, differences);
		else if (a->gpa < b->gpa)
			add_only(&side[0], a, 0, differences);
		else
			add_only(&side[1], b, 1, differences);
		i += a->gpa <= b->gpa;
		j += b->gpa <= a->gpa;
	}
	for (; i < side[0].steps.count; i++)
		add_only(&side[0], &side[0].sorted[i], 0, differences);
	for (; j < side[1].steps.count; j++)
		add_only(&side[1], &side[1].sorted[j], 1, differences);
}

static bool steps_equal(const struct step *a, const struct step *b)
{
	return a->gpa == b->gpa && a->type == b->type && memcmp(a->contents, b->contents, SNP_DIGEST_SIZE) == 0;
}

static void compare_chains(const struct side side[2], struct differences *differences)
{
	size_t counts[2] = { side[0].steps.count, side[1].steps.count };
	size_t i = 0;

	while (i < counts[0] && i < counts[1] && steps_equal(&side[0].steps.step[i], &side[1].steps.step[i]))
		i++;
	differences->first_step = i == counts[0] && i == counts[1] ? SIZE_MAX : i;
	for (unsigned s = 0; s < 2; s++) {
		if (i < counts[s])
			differences->step[s] = side[s].steps.step[i];
		steps_digest(&side[s].steps, differences->digest[s]);
	}
	differences->same_digest = differences->first_step == SIZE_MAX;
	differences->other_order = !differences->same_digest && counts[0] == counts[1];
	for (i = 0; i < counts[0] && differences->other_order; i++)
		differences->other_order = steps_equal(&side[0].sorted[i], &side[1].sorted[i]);
}

int differences_find(const struct source *a, const struct source *b, const uint32_t mask[2], enum loader loader,
		     struct differences *differences)
{
	struct side side[2] = { { .source = a }, { .source = b } };
	int result;

	memset(differences, 0, sizeof(*differences));
	result = open_side(&side[0], a, mask[0], loader);
	if (result == 0)
		result = open_side(&side[1], b, mask[1], loader);
	if (result == 0) {
		compare_memory(side, differences);
		compare_chains(side, differences);
	}
	for (unsigned i = 0; i < 2; i++) {
		free(side[i].sorted);
		steps_free(&side[i].steps);
	}
	return result;
}

void differences_free(struct differences *differences)
{
	free(differences->list);
	memset(differences, 0, sizeof(*differences));
}
