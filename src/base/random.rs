//! Random numbers: a fast 64-bit generator, and Python's, so that seeded bytes equal httpbin's.

/// SplitMix64: fast and uniform, not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Bytes of one block of [`noise`](Self::noise).
    pub const NOISE_BYTES: usize = 8 * NOISE_WORDS;

    /// A generator seeded with `seed`.
    pub const fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number, uniform over `u64`.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `0.0..1.0`.
    pub fn fraction(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Appends `bytes` random bytes.
    pub fn fill(&mut self, output: &mut Vec<u8>, bytes: usize) {
        let end = output.len() + bytes;
        output.reserve(bytes + 8);
        while output.len() < end {
            output.extend_from_slice(&self.next_u64().to_le_bytes());
        }
        output.truncate(end);
    }

    /// Appends `bytes` bytes that look random, at little more than the cost of a copy: a fixed
    /// block of [`NOISE_BYTES`](Self::NOISE_BYTES), XORed with a new random word each time, so that
    /// nothing repeats. The rest beyond whole blocks is drawn. Not for secrets: a few bytes of a
    /// block reveal all of it.
    pub fn noise(&mut self, output: &mut Vec<u8>, bytes: usize) {
        let mut piece = [0; 512];
        for _ in 0..bytes / Self::NOISE_BYTES {
            let mask = self.next_u64();
            for words in NOISE.chunks_exact(piece.len() / 8) {
                for (bytes, word) in piece.chunks_exact_mut(8).zip(words) {
                    bytes.copy_from_slice(&(word ^ mask).to_le_bytes());
                }
                output.extend_from_slice(&piece);
            }
        }
        self.fill(output, bytes % Self::NOISE_BYTES);
    }
}

/// Words of the fixed block.
const NOISE_WORDS: usize = 2048;
/// The fixed block, drawn at compile time.
static NOISE: [u64; NOISE_WORDS] = {
    let (mut random, mut words, mut i) = (Random::new(0), [0; NOISE_WORDS], 0);
    while i < NOISE_WORDS {
        words[i] = random.next_u64();
        i += 1;
    }
    words
};

/// Words of state of MT19937.
const WORDS: usize = 624;
/// Distance between two words that are combined (`m` of MT19937).
const STRIDE: usize = 397;

/// The Mersenne Twister (MT19937), seeded and used as by Python's `random` module.
#[derive(Clone, Debug)]
pub struct Mersenne {
    state: [u32; WORDS],
    next: usize,
}

impl Mersenne {
    /// The state after `random.seed(n)`, for the integer `n` with these decimal digits. Python
    /// ignores the sign. Takes quadratic time: the caller bounds the number of digits.
    pub fn from_decimal(digits: &str) -> Mersenne {
        Mersenne::init_by_array(&limbs(digits))
    }

    /// The reference implementation's `init_by_array`.
    fn init_by_array(key: &[u32]) -> Mersenne {
        let mut state = init_genrand();
        let mut i = 1;
        for k in 0..WORDS.max(key.len()) {
            let j = k % key.len();
            let mixed = state[i] ^ mix(state[i - 1], 1_664_525);
            state[i] = mixed.wrapping_add(key[j]).wrapping_add(j as u32);
            i = step(&mut state, i);
        }
        for _ in 1..WORDS {
            state[i] = (state[i] ^ mix(state[i - 1], 1_566_083_941)).wrapping_sub(i as u32);
            i = step(&mut state, i);
        }
        state[0] = 0x8000_0000;
        Mersenne { state, next: WORDS }
    }

    /// The next 32 random bits.
    fn next_u32(&mut self) -> u32 {
        if self.next == WORDS {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// Generates the next 624 words.
    fn twist(&mut self) {
        for i in 0..WORDS {
            let after = |places| if i + places < WORDS { i + places } else { i + places - WORDS };
            let y = self.state[i] & 0x8000_0000 | self.state[after(1)] & 0x7fff_ffff;
            let xor = (y & 1).wrapping_neg() & 0x9908_b0df;
            self.state[i] = self.state[after(STRIDE)] ^ (y >> 1) ^ xor;
        }
        self.next = 0;
    }

    /// Appends `bytes` bytes, each Python's `random.randint(0, 255)`. 256 has nine bits, so Python
    /// draws nine until they are below 256.
    pub fn fill(&mut self, output: &mut Vec<u8>, bytes: usize) {
        let mut left = bytes;
        while left > 0 {
            let (mut piece, mut filled, most) = ([0; 256], 0, left.min(256));
            while filled < most {
                let drawn = self.next_u32() >> 23;
                // What is too large is overwritten: half of them are, and no CPU can predict which.
                piece[filled] = drawn as u8;
                filled += usize::from(drawn < 256);
            }
            output.extend_from_slice(&piece[..most]);
            left -= most;
        }
    }
}

/// The reference implementation's `init_genrand(19650218)`: where `init_by_array` starts.
fn init_genrand() -> [u32; WORDS] {
    let mut state = [19_650_218u32; WORDS];
    for i in 1..WORDS {
        let before = state[i - 1];
        state[i] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
    }
    state
}

fn mix(before: u32, factor: u32) -> u32 {
    (before ^ (before >> 30)).wrapping_mul(factor)
}

/// The index after `i`. On wrapping to 1, the last word is copied to the front.
fn step(state: &mut [u32; WORDS], i: usize) -> usize {
    if i + 1 < WORDS {
        return i + 1;
    }
    state[0] = state[WORDS - 1];
    1
}

/// A decimal number as 32-bit limbs, lowest first; zero has one. Skips other characters.
fn limbs(digits: &str) -> Vec<u32> {
    let mut limbs = vec![0u32];
    for digit in digits.bytes().filter(u8::is_ascii_digit) {
        let mut carry = u64::from(digit - b'0');
        for limb in &mut limbs {
            carry += u64::from(*limb) * 10;
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    limbs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(seed: &str, bytes: usize) -> Vec<u8> {
        let mut output = Vec::new();
        Mersenne::from_decimal(seed).fill(&mut output, bytes);
        output
    }

    #[test]
    fn seeded_bytes_are_pythons() {
        assert_eq!(python("0", 10), [0xc5, 0xd7, 0x14, 0x84, 0xf8, 0xcf, 0x9b, 0xf4, 0xb7, 0x6f]);
        assert_eq!(python("5", 4), [0x82, 0xb7, 0x0e, 0xee]);
        assert_eq!(python("0001", 4), [0x44, 0x20, 0x82, 0x3c]);
        assert_eq!(python("4294967296", 4), [0x39, 0xb3, 0xd5, 0x08]);
        // random.Random(10**40 + 7), then 2000 times randint(0, 255).
        let long = python(&format!("1{}7", "0".repeat(39)), 2000);
        assert_eq!(long[..4], [132, 81, 131, 8]);
        assert_eq!(long[1996..], [89, 211, 255, 224]);
    }

    #[test]
    fn draws_are_mt19937s() {
        // random.Random(n), then three times getrandbits(32).
        let draws = |seed| {
            let mut random = Mersenne::from_decimal(seed);
            [(); 3].map(|()| random.next_u32())
        };
        assert_eq!(draws("0"), [3_626_764_237, 1_654_615_998, 3_255_389_356]);
        let long = draws("1234567890123456789012345");
        assert_eq!(long, [1_715_913_929, 2_542_993_231, 3_016_881_656]);
    }

    #[test]
    fn draws_are_splitmix64s() {
        // The numbers that published implementations of it give for this seed.
        let known = [0x599e_d017_fb08_fc85, 0x2c73_f084_5854_0fa5, 0x883e_bce5_a3f2_7c77];
        let mut random = Random::new(1_234_567);
        assert_eq!([(); 3].map(|()| random.next_u64()), known);
        assert_eq!(Random::new(1_234_567).below(1000), 350);
        assert_eq!(Random::new(1_234_567).fraction(), 0.350_079_542_021_408_1);
        // Bytes are those of the words, of which no more are drawn than are needed.
        let words = known.map(u64::to_le_bytes).concat();
        for bytes in [0, 13, 16] {
            let (mut random, mut output) = (Random::new(1_234_567), vec![]);
            random.fill(&mut output, bytes);
            assert_eq!((&*output, random.next_u64()), (&words[..bytes], known[bytes.div_ceil(8)]));
        }
    }

    #[test]
    fn noise_has_as_many_ones_as_zeros() {
        let mut noise = Vec::new();
        Random::new(3).noise(&mut noise, Random::NOISE_BYTES);
        let ones: u32 = noise.iter().map(|byte| byte.count_ones()).sum();
        let bits = 8 * Random::NOISE_BYTES as u32;
        assert!(ones.abs_diff(bits / 2) < bits / 100, "{ones} of {bits}");
    }

    #[test]
    fn noise_repeats_nothing_and_follows_from_the_seed() {
        let noise = |seed, bytes| {
            let mut output = Vec::new();
            Random::new(seed).noise(&mut output, bytes);
            output
        };
        let bytes = 3 * Random::NOISE_BYTES + 5;
        let long = noise(1, bytes);
        assert_eq!((long.len(), noise(1, 5).len(), noise(1, 0).len()), (bytes, 5, 0));
        assert_eq!(long, noise(1, bytes));
        let mut words: Vec<&[u8]> = long.chunks_exact(8).collect();
        let other = noise(2, bytes);
        words.extend(other.chunks_exact(8));
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    #[test]
    fn limbs_carry() {
        assert_eq!(limbs("0"), [0]);
        assert_eq!(limbs("4294967295"), [u32::MAX]);
        assert_eq!(limbs("18446744073709551616"), [0, 0, 1]);
    }

    #[test]
    fn a_bound_is_kept() {
        let mut random = Random::new(7);
        assert!((0..1000).all(|_| random.below(3) < 3 && random.fraction() < 1.0));
        assert_eq!(random.below(0), 0);
        let mut output = vec![1];
        random.fill(&mut output, 13);
        assert_eq!(output.len(), 14);
    }
}
