//! Points, rectangles and ways along them, in CSS pixels.

/// A point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

/// Makes a point.
pub const fn at(x: f64, y: f64) -> Point {
    Point { x, y }
}

/// Makes a rectangle.
pub const fn rect(x: f64, y: f64, w: f64, h: f64) -> Rect {
    Rect { x, y, w, h }
}

impl Point {
    /// The point moved by so much.
    pub fn plus(self, dx: f64, dy: f64) -> Point {
        at(self.x + dx, self.y + dy)
    }

    /// The distance to another point.
    pub fn distance(self, other: Point) -> f64 {
        let (dx, dy) = (other.x - self.x, other.y - self.y);
        (dx * dx + dy * dy).sqrt()
    }

    /// The point at this fraction of the way to another.
    pub fn towards(self, other: Point, fraction: f64) -> Point {
        at(
            self.x + (other.x - self.x) * fraction,
            self.y + (other.y - self.y) * fraction,
        )
    }
}

impl Rect {
    /// Right edge.
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// The middle.
    pub fn center(&self) -> Point {
        at(self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// The rectangle without a margin of this width.
    pub fn inset(&self, by: f64) -> Rect {
        rect(
            self.x + by,
            self.y + by,
            (self.w - 2.0 * by).max(0.0),
            (self.h - 2.0 * by).max(0.0),
        )
    }

    /// Whether the point is in it.
    pub fn contains(&self, p: Point) -> bool {
        p.x >= self.x && p.x <= self.right() && p.y >= self.y && p.y <= self.bottom()
    }

    /// Whether the two share more than an edge.
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right() - 0.01
            && other.x < self.right() - 0.01
            && self.y < other.bottom() - 0.01
            && other.y < self.bottom() - 0.01
    }

    /// Whether the other lies within it.
    pub fn holds(&self, other: &Rect) -> bool {
        other.x >= self.x - 0.01
            && other.y >= self.y - 0.01
            && other.right() <= self.right() + 0.01
            && other.bottom() <= self.bottom() + 0.01
    }

    /// Splits it into `n` equal columns with a gap between them.
    pub fn columns(&self, n: usize, gap: f64) -> Vec<Rect> {
        let w = (self.w - gap * (n.max(1) - 1) as f64) / n.max(1) as f64;
        (0..n)
            .map(|i| rect(self.x + i as f64 * (w + gap), self.y, w, self.h))
            .collect()
    }
}

/// A way over straight pieces: what a message travels on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Way {
    /// Its corners, from beginning to end.
    pub points: Vec<Point>,
}

impl Way {
    /// Makes a way over these corners.
    pub fn over(points: Vec<Point>) -> Way {
        Way { points }
    }

    /// Its length.
    pub fn length(&self) -> f64 {
        self.points.windows(2).map(|p| p[0].distance(p[1])).sum()
    }

    /// Where one is after this fraction of it, 0 to 1.
    pub fn along(&self, fraction: f64) -> Point {
        let mut left = self.length() * fraction.clamp(0.0, 1.0);
        for pair in self.points.windows(2) {
            let piece = pair[0].distance(pair[1]);
            if left <= piece && piece > 0.0 {
                return pair[0].towards(pair[1], left / piece);
            }
            left -= piece;
        }
        self.points.last().copied().unwrap_or_default()
    }

    /// The same way from its end to its beginning.
    pub fn back(mut self) -> Way {
        self.points.reverse();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_walked_at_even_speed() {
        let way = Way::over(vec![at(0.0, 0.0), at(30.0, 0.0), at(30.0, 10.0)]);
        assert_eq!(way.along(0.0), at(0.0, 0.0));
        assert_eq!(way.along(0.75), at(30.0, 0.0));
        assert_eq!(way.along(1.0), at(30.0, 10.0));
        assert_eq!(way.back().along(0.25), at(30.0, 0.0));
    }

    #[test]
    fn rectangles_that_touch_do_not_overlap() {
        let left = rect(0.0, 0.0, 10.0, 10.0);
        assert!(!left.overlaps(&rect(10.0, 0.0, 5.0, 5.0)));
        assert!(left.overlaps(&rect(9.0, 9.0, 5.0, 5.0)));
    }
}
