"""The Sobol sequence, scrambled: evenly spread points of [0, 1)^d, any of them directly.

Direction numbers after Joe and Kuo, SIAM J. Sci. Comput. 30, 2008 (their set
new-joe-kuo-6), scrambled by a random linear matrix after Matousek, J. Complexity 14,
1998; the caller adds the random digital shift. The points are those of SciPy's
`scipy.stats.qmc.Sobol`, in the same order (a test compares them). They are made here
because importing that costs a second of CPU, and this some milliseconds.
"""

from sonde.core.streams import WHOLE_SWEEP, words

__all__ = ["BITS", "MOST_DIMENSIONS", "Sobol"]

BITS = 53  # digits of a coordinate after scrambling: those of a float
_DIGITS = 32  # before: the sequence has 2**32 points

# A line a dimension, from the second on: the primitive polynomial over GF(2), its bits
# written as a number, and the initial direction numbers m_1, m_2, ...
_JOE_KUO = """
3 1
7 1 3
11 1 3 1
13 1 1 1
19 1 1 3 3
25 1 3 5 13
37 1 1 5 5 17
41 1 1 5 5 5
47 1 1 7 11 19
55 1 1 5 1 1
59 1 1 1 3 11
61 1 3 5 5 31
67 1 3 3 9 7 49
91 1 1 1 15 21 21
97 1 3 1 13 27 49
103 1 1 1 15 7 5
109 1 3 1 15 13 25
115 1 1 5 5 19 61
131 1 3 7 11 23 15 103
137 1 3 7 13 13 15 69
143 1 1 3 13 7 35 63
145 1 3 5 9 1 25 53
157 1 3 1 13 9 35 107
167 1 3 1 5 27 61 31
171 1 1 5 11 19 41 61
185 1 3 5 3 3 13 69
191 1 1 7 13 1 19 1
193 1 3 7 5 13 19 59
203 1 1 3 9 25 29 41
211 1 3 5 13 23 1 55
213 1 3 7 3 13 59 17
229 1 3 1 3 5 53 69
239 1 1 5 5 23 33 13
241 1 1 7 7 1 61 123
247 1 1 7 9 13 61 49
253 1 3 3 5 3 55 33
285 1 3 1 15 31 13 49 245
299 1 3 5 15 31 59 63 97
301 1 3 1 11 11 11 77 249
333 1 3 1 11 27 43 71 9
351 1 1 7 15 21 11 81 45
355 1 3 7 3 25 31 65 79
357 1 3 1 1 19 11 3 205
361 1 1 5 9 19 21 29 157
369 1 3 7 11 1 33 89 185
391 1 3 3 3 15 9 79 71
397 1 3 7 11 15 39 119 27
425 1 1 3 1 11 31 97 225
451 1 1 1 3 23 43 57 177
463 1 3 7 7 17 17 37 71
487 1 3 1 5 27 63 123 213
501 1 1 3 5 11 43 53 133
529 1 3 5 5 29 17 47 173 479
539 1 3 3 11 3 1 109 9 69
545 1 1 1 5 17 39 23 5 343
557 1 3 1 5 25 15 31 103 499
563 1 1 1 11 11 17 63 105 183
601 1 1 5 11 9 29 97 231 363
607 1 1 5 15 19 45 41 7 383
617 1 3 7 7 31 19 83 137 221
623 1 1 1 3 23 15 111 223 83
631 1 1 5 13 31 15 55 25 161
637 1 1 3 13 25 47 39 87 257
"""
MOST_DIMENSIONS = _JOE_KUO.count("\n")


class Sobol:
    """A sequence of at most `MOST_DIMENSIONS` dimensions.

    Args:
        dimensions: How many.
        seed: Of the scrambling; None leaves the points as they are.
    """

    def __init__(self, dimensions: int, seed: int | None) -> None:
        lines = _JOE_KUO.split("\n")[1:dimensions]
        plain = [_directions([int(number) for number in line.split()]) for line in lines]
        first = [1 << (_DIGITS - 1 - place) for place in range(_DIGITS)]
        self._directions = []
        for dimension, directions in enumerate([first, *plain][:dimensions]):
            if seed is None:
                scrambled = [direction << (BITS - _DIGITS) for direction in directions]
            else:
                # Shifts take the draws from 0 on, matrices those from 2**32 on.
                random = words(seed, WHOLE_SWEEP, 2**32 + dimension, _DIGITS)
                scrambled = _scrambled(directions, random)
            self._directions.append(scrambled)

    def digits(self, index: int) -> list[int]:
        """Return point `index`, each coordinate as the `BITS` digits after the binary point."""
        # Antonov and Saleev: in the order of the Gray code, as everywhere.
        gray = (index ^ (index >> 1)) & (2**_DIGITS - 1)
        places = [place for place in range(gray.bit_length()) if gray >> place & 1]
        point = []
        for directions in self._directions:
            digits = 0
            for place in places:
                digits ^= directions[place]
            point.append(digits)
        return point


def _directions(numbers: list[int]) -> list[int]:
    """Return v_1, v_2, ... of a dimension, v_k = m_k / 2**k as `_DIGITS` digits."""
    polynomial, *m = numbers
    degree = len(m)
    for k in range(degree, _DIGITS):
        # Bratley and Fox, eq. 2: m_k from the `degree` before it, over GF(2).
        following = m[k - degree]
        for i in range(1, degree + 1):
            if polynomial >> (degree - i) & 1:
                following ^= m[k - i] << i
        m.append(following)
    return [number << (_DIGITS - 1 - k) for k, number in enumerate(m)]


def _scrambled(directions: list[int], random: tuple[int, ...]) -> list[int]:
    """Multiply directions by a random lower triangular matrix with ones on its diagonal."""
    columns = []
    for place, word in enumerate(random):
        diagonal = 1 << (BITS - 1 - place)
        columns.append(diagonal | word & (diagonal - 1))
    scrambled = []
    for direction in directions:
        product = 0
        for place, column in enumerate(columns):
            if direction >> (_DIGITS - 1 - place) & 1:
                product ^= column
        scrambled.append(product)
    return scrambled
